// SPDX-License-Identifier: Apache-2.0
// Loop devices of the kernel, as LoopDevices needs them.

import { readdir, readFile } from 'node:fs/promises';
import { loopAttach, loopDetach } from '../../bindings/index.js';

export interface LoopDriver {
  /** Devices that show a file, whoever made them. */
  list(): Promise<{ name: string; file: string }[]>;
  /** Makes a device of the file, read-only unless `writable`, and resolves with its path. */
  attach(file: string, writable: boolean): Promise<string>;
  detach(device: string): Promise<void>;
}

export const kernelLoops: LoopDriver = { list, attach: loopAttach, detach: loopDetach };

/** From sysfs, where a device that shows nothing has no backing_file (Linux, drivers/block/loop.c). */
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
