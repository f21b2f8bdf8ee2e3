// SPDX-License-Identifier: Apache-2.0
// Tracks fills of new volumes with the image's files at the mount's destination. One container fills a volume once; an interrupted fill is
// repeated.

import { mkdir, opendir } from 'node:fs/promises';
import { sleep } from '../base/deadline.js';
import { removeTree } from '../base/remove-tree.js';
import { VolumeError } from './errors.js';
import type { VolumeRecord, VolumeStore } from './record.js';

/** Long enough to copy a database from the image. */
const FILL_MS = 600_000;
const LOOK_MS = 50;

export class Fills {
  readonly #store: VolumeStore;
  /** By volume, the holder that is filling it. */
  readonly #filling = new Map<string, string>();

  constructor(store: VolumeStore) {
    this.#store = store;
  }

  /** Resolves when no holder but `holder` is filling the volume. Rejects with ERR_VOLUME_USED after ten minutes. */
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
   * Resolves with true when `holder` must fill the volume. Removes the files of an interrupted fill first, unless another container has the volume
   * mounted.
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

  /** Marks the volume as filled. */
  async end(record: VolumeRecord): Promise<void> {
    this.#filling.delete(record.name);
    if (record.fill === undefined) return;
    delete record.fill;
    await this.#store.save(record);
  }

  /** Ends all fills of the holder. */
  release(holder: string): void {
    for (const [name, by] of this.#filling) if (by === holder) this.#filling.delete(name);
  }
}

/** Reads only one entry: a guest may have made millions. */
async function isEmpty(path: string): Promise<boolean> {
  const folder = await opendir(path);
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
}
