// SPDX-License-Identifier: Apache-2.0
// The driver of volumes with a size: an ext4 filesystem in a sparse file beside volume.json, mounted while containers use it.

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesBelow } from '../../../base/disk-usage.js';
import { VolumeError } from '../../errors.js';
import type { VolumeRecord } from '../../record.js';
import type { VolumeRequest } from '../../request.js';
import { allDone } from '../../../base/all-done.js';
import { FILES, type VolumeDriver, type VolumeMounts } from '../driver.js';
import type { DiskTools } from './tools.js';

/** A smaller ext4 filesystem has no room for files. */
const SIZE_LEAST = 2 ** 20;
/** mkfs.ext4 writes a journal of about a sixteenth, and of a GiB at most. */
const [NEW_SHARE, NEW_MOST] = [1 / 16, 2 ** 30];

export class Ext4FileDriver implements VolumeDriver {
  readonly name = 'ext4-file';
  readonly mounts: VolumeMounts;
  readonly #folderOf: (name: string) => string;
  readonly #mounts: string;
  readonly #tools: DiskTools;

  constructor({
    folderOf,
    mounts,
    tools,
  }: {
    folderOf: (name: string) => string;
    mounts: string;
    tools: DiskTools;
  }) {
    this.#folderOf = folderOf;
    this.#mounts = mounts;
    this.#tools = tools;
    this.mounts = {
      mount: ({ name }) => tools.mount(this.#diskOf(name), this.#mountOf(name)),
      unmount: ({ name }) => tools.unmount(this.#mountOf(name)),
      reconcile: async (isHeld) => {
        const names = await readdir(mounts).catch(() => []);
        const unheld = names.filter((name) => !isHeld(name));
        await allDone(unheld.map((name) => tools.unmount(this.#mountOf(name))));
      },
    };
  }

  accepts({ sizeBytes }: VolumeRequest): boolean {
    return sizeBytes !== undefined;
  }

  check(name: string, { sizeBytes = 0 }: VolumeRequest): void {
    if (sizeBytes < SIZE_LEAST)
      throw new VolumeError('ERR_USAGE', `Cannot make volume "${name}": its size is below 1 MiB`);
  }

  newBytes({ sizeBytes = 0 }: VolumeRecord): number {
    return Math.ceil(Math.min(NEW_MOST, sizeBytes * NEW_SHARE));
  }

  pathOf({ name }: VolumeRecord): string {
    return join(this.#mountOf(name), FILES);
  }

  async create(record: VolumeRecord): Promise<void> {
    const { name, sizeBytes = 0 } = record;
    await this.#tools.make(this.#diskOf(name), sizeBytes);
    await this.mounts.mount(record);
    await mkdir(this.pathOf(record), { mode: 0o755 });
    await this.mounts.unmount(record);
  }

  remove(record: VolumeRecord): Promise<void> {
    return this.mounts.unmount(record);
  }

  usage({ name }: VolumeRecord): Promise<number> {
    return bytesBelow(this.#folderOf(name));
  }

  #diskOf(name: string): string {
    return join(this.#folderOf(name), 'disk.ext4');
  }

  #mountOf(name: string): string {
    return join(this.#mounts, name);
  }
}
