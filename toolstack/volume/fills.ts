// SPDX-License-Identifier: Apache-2.0
// Who fills a new volume with what an image has in its place: one container, once, and anew where it did not come to the end.

import { mkdir, opendir } from 'node:fs/promises';
import { sleep } from '../base/deadline.js';
import { removeTree } from '../base/remove-tree.js';
import { VolumeError } from './errors.js';
import type { VolumeRecord, VolumeStore } from './record.js';

/** As an image's whole database may take. */
const FILL_MS = 600_000;
const LOOK_MS = 50;

export class Fills {
  readonly #store: VolumeStore;
  /** By volume, the holder that fills it now. */
  readonly #now = new Map<string, string>();

  constructor(store: VolumeStore) {
    this.#store = store;
  }

  /** Resolves when no other holder fills it. Rejects with ERR_VOLUME_USED after ten minutes. */
  async others(name: string, holder: string): Promise<void> {
    const deadline = performance.now() + FILL_MS;
    while ((this.#now.get(name) ?? holder) !== holder) {
      if (performance.now() > deadline)
        throw new VolumeError(
          'ERR_VOLUME_USED',
          `Volume "${name}" is being filled: try again later`,
        );
      await sleep(LOOK_MS);
    }
  }

  /**
   * Whether `holder` is to fill it. What somebody else began and did not end is removed first, but not from under another who has it
   * mounted.
   */
  async begin(
    record: VolumeRecord,
    path: string,
    { holder, isShared }: { holder: string; isShared: boolean },
  ): Promise<boolean> {
    if (record.fill === undefined || this.#now.has(record.name)) return false;
    if (record.fill === 'due' && !(await isEmpty(path))) {
      await this.end(record);
      return false;
    }
    if (record.fill === 'begun' && !isShared) {
      await removeTree(path);
      await mkdir(path, { mode: 0o755 });
    }
    this.#now.set(record.name, holder);
    record.fill = 'begun';
    await this.#store.save(record);
    return true;
  }

  /** It has what it is to have. */
  async end(record: VolumeRecord): Promise<void> {
    this.#now.delete(record.name);
    if (record.fill === undefined) return;
    delete record.fill;
    await this.#store.save(record);
  }

  /** The holder fills nothing any more. */
  rest(holder: string): void {
    for (const [name, by] of this.#now) if (by === holder) this.#now.delete(name);
  }
}

/** Not by a list of all: a guest may have made millions. */
async function isEmpty(path: string): Promise<boolean> {
  const folder = await opendir(path);
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
}
