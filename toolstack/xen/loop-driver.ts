// SPDX-License-Identifier: Apache-2.0
// The kernel's loop devices, as LoopDevices needs them.

import { readdir, readFile } from 'node:fs/promises';
import { loopAttach, loopDetach } from '../../bindings/index.js';

export interface LoopDriver {
  /** Lists all loop devices that have a file, those of other programs included. */
  list(): Promise<{ name: string; file: string }[]>;
  /** Makes a device of the file, read-only unless `writable`, and resolves with its path. */
  attach(file: string, writable: boolean): Promise<string>;
  detach(device: string): Promise<void>;
}

export const kernelLoops: LoopDriver = { list, attach: loopAttach, detach: loopDetach };

/** Reads sysfs, where a device without a file has no backing_file (Linux, drivers/block/loop.c). */
async function list(): Promise<{ name: string; file: string }[]> {
  const names = (await readdir('/sys/block')).filter((name) => /^loop\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = `/sys/block/${name}/loop/backing_file`;
      const file = (await readFile(path, 'utf8').catch(() => '')).replace(/\n$/, '');
      return { name: `/dev/${name}`, file };
    }),
  );
  return found.filter(({ file }) => file !== '');
}
