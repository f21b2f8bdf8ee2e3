// SPDX-License-Identifier: Apache-2.0
// Fills of new volumes with the image's files at the mount's destination: by one container, once, and again where a fill was cut short.

import { mkdir, opendir } from 'node:fs/promises';
import { sleep } from '../base/deadline.js';
import { removeTree } from '../base/remove-tree.js';
import { VolumeError } from './errors.js';
import type { VolumeRecord, VolumeStore } from './record.js';

/** Long enough for a database in the image. */
const FILL_MS = 600_000;
const LOOK_MS = 50;

export class Fills {
  readonly #store: VolumeStore;
  /** By volume, the holder that fills it. */
  readonly #filling = new Map<string, string>();

  constructor(store: VolumeStore) {
    this.#store = store;
  }

  /** Resolves when no other holder fills it. Rejects with ERR_VOLUME_USED after ten minutes. */
  async others(name: string, holder: string): Promise<void> {
    const deadline = performance.now() + FILL_MS;
    while ((this.#filling.get(name) ?? holder) !== holder) {
      if (performance.now() > deadline)
        throw new VolumeError(
          'ERR_VOLUME_USED',
          `Volume "${name}" is being filled: try again later`,
        );
      await sleep(LOOK_MS);
    }
  }

  /**
   * Whether `holder` is to fill it. Files of a fill that was cut short are removed first, unless another container has the volume mounted.
   */
  async begin(
    record: VolumeRecord,
    path: string,
    { holder, isShared }: { holder: string; isShared: boolean },
  ): Promise<boolean> {
    if (record.fill === undefined || this.#filling.has(record.name)) return false;
    if (record.fill === 'due' && !(await isEmpty(path))) {
      await this.end(record);
      return false;
    }
    if (record.fill === 'begun' && !isShared) {
      await removeTree(path);
      await mkdir(path, { mode: 0o755 });
    }
    this.#filling.set(record.name, holder);
    record.fill = 'begun';
    await this.#store.save(record);
    return true;
  }

  /** The volume is filled. */
  async end(record: VolumeRecord): Promise<void> {
    this.#filling.delete(record.name);
    if (record.fill === undefined) return;
    delete record.fill;
    await this.#store.save(record);
  }

  /** The holder fills nothing any more. */
  release(holder: string): void {
    for (const [name, by] of this.#filling) if (by === holder) this.#filling.delete(name);
  }
}

/** Reads one entry: a guest may have made millions. */
async function isEmpty(path: string): Promise<boolean> {
  const folder = await opendir(path);
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
}
