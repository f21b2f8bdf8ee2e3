// SPDX-License-Identifier: Apache-2.0
// What thawd writes down of a volume, and where: a folder each, with volume.json beside what it holds.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../base/errors.js';
import { writeAtomic } from '../base/files.js';
import type { Log } from '../base/log.js';

export interface VolumeRecord {
  name: string;
  /** Of a sized one: its filesystem is a file of that many bytes. Else it takes of the host's disk what it needs. */
  sizeBytes?: number;
  labels: Record<string, string>;
  /** Nobody gave it a name: it goes with its container. */
  isAnonymous: boolean;
  /** Milliseconds since 1970. */
  created: number;
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

  /** First of all that removes one: what is left after it nobody takes for a volume. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name, 'volume.json'), { force: true });
    await rm(join(this.#folder, name), { recursive: true, force: true });
  }

  /** All of them. A folder without a record is the rest of one that was being made or removed, and goes; one that cannot be read stays. */
  async loadAll(log: Log): Promise<VolumeRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: VolumeRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      try {
        const text = await readFile(join(this.#folder, name, 'volume.json'), 'utf8');
        records.push(JSON.parse(text) as VolumeRecord);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') await this.remove(name);
        else log.error(`Volume ${name} cannot be read`, { error });
      }
    }
    return records;
  }
}
