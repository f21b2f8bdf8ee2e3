// SPDX-License-Identifier: Apache-2.0
// What thawd writes down of a volume, and where: a folder each, with volume.json beside what it holds.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, errorCode } from '../base/errors.js';
import { removeTemporaries, writeAtomic } from '../base/files.js';
import type { Log } from '../base/log.js';
import { removeTree } from '../base/remove-tree.js';

export interface VolumeRecord {
  name: string;
  /** Of a sized one: its filesystem is a file of that many bytes. Else it takes of the host's disk what it needs. */
  sizeBytes?: number;
  labels: Record<string, string>;
  /** Nobody gave it a name: it goes with its container. */
  isAnonymous: boolean;
  /** The container that such a one goes with; nobody's where that was removed and the volume kept. */
  madeFor?: string;
  /** Milliseconds since 1970. */
  created: number;
  /** Until it has what an image has in its place: nobody has begun to fill it, or somebody has and did not come to the end. */
  fill?: 'due' | 'begun';
}

/** No volume's name begins so. */
const GONE = '.gone-';

/** Nobody waits for it: a guest may have made a million files. What fails is logged, and tried again by the next thawd. */
function removeLater(path: string, log: Log): void {
  removeTree(path).catch((error: unknown) => log.error(describeError(error)));
}

export class VolumeStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  folderOf(name: string): string {
    return join(this.#folder, name);
  }

  /** The filesystem of a sized volume. */
  diskOf(name: string): string {
    return join(this.#folder, name, 'disk.ext4');
  }

  /** Last of all that makes a volume: without it the folder is none. */
  async save(record: VolumeRecord): Promise<void> {
    const path = join(this.#folder, record.name, 'volume.json');
    await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`, { lasts: true });
  }

  /** Takes one out of the way, so that nobody takes it for a volume and its name is free. Resolves with where it is now. */
  async putAway(name: string): Promise<string> {
    const path = join(
      this.#folder,
      `${GONE}${name.slice(0, 64)}-${randomBytes(8).toString('hex')}`,
    );
    await rename(join(this.#folder, name), path);
    return path;
  }

  /** All of them. A folder without a record is the rest of one that was being made, or put away, and goes; one that cannot be read stays. */
  async loadAll(log: Log): Promise<VolumeRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: VolumeRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(GONE)) {
        removeLater(join(this.#folder, name), log);
        continue;
      }
      try {
        const text = await readFile(join(this.#folder, name, 'volume.json'), 'utf8');
        records.push(JSON.parse(text) as VolumeRecord);
        await removeTemporaries(join(this.#folder, name));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') removeLater(await this.putAway(name), log);
        else log.error(`Volume ${name} cannot be read`, { error });
      }
    }
    return records;
  }
}
