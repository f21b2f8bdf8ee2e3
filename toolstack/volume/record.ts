// SPDX-License-Identifier: Apache-2.0
// Reads and writes the records of volumes. Each volume has a folder, with volume.json beside its storage.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, errorCode } from '../base/errors.js';
import { removeTemporaries, sync, writeAtomic } from '../base/files.js';
import type { Log } from '../base/log.js';
import { removeTree } from '../base/remove-tree.js';

export interface VolumeRecord {
  name: string;
  /** The driver's name. */
  driver: string;
  /** Uid of the user who made the volume; undefined for root. */
  owner?: number;
  /** The size of the volume's filesystem; a volume without a size takes up as much as its files. */
  sizeBytes?: number;
  labels: Record<string, string>;
  /** The user gave no name: thaw removes the volume with its container. */
  isAnonymous: boolean;
  /** The container with which thaw removes an anonymous volume; undefined once the volume outlives it. */
  madeFor?: string;
  /** Milliseconds since 1970. */
  created: number;
  /** Undefined once the volume is filled from an image; `begun` for a fill that is under way or was interrupted. */
  fill?: 'due' | 'begun';
}

/** The prefix of folders under removal; no volume's name begins with it. */
const GONE = '.gone-';

/** Removes a folder in the background, since a guest may have made a million files. Failures are logged; the next thawd tries again. */
function removeLater(path: string, log: Log): void {
  removeTree(path).catch((error: unknown) => log.error(describeError(error)));
}

/** Reads volume.json of any version of thaw: earlier ones named no driver. Pure. */
export function readRecord(text: string): VolumeRecord {
  const stored = JSON.parse(text) as Omit<VolumeRecord, 'driver'> & { driver?: string };
  return { driver: stored.sizeBytes === undefined ? 'folder' : 'ext4-file', ...stored };
}

export class VolumeStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  folderOf(name: string): string {
    return join(this.folder, name);
  }

  /** The last step of making a volume: a folder without a record is no volume. */
  async save(record: VolumeRecord): Promise<void> {
    const path = join(this.folder, record.name, 'volume.json');
    await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`, { lasts: true });
  }

  /** Renames a volume's folder: the volume no longer exists, and its name is free. Resolves with the new path. */
  async putAway(name: string): Promise<string> {
    const path = join(this.folder, `${GONE}${name.slice(0, 64)}-${randomBytes(8).toString('hex')}`);
    await rename(join(this.folder, name), path);
    await sync(this.folder);
    return path;
  }

  /** Reads all records. Removes a folder without a record, which an interrupted create or remove left. Keeps a folder with an unreadable record. */
  async loadAll(log: Log): Promise<VolumeRecord[]> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const records: VolumeRecord[] = [];
    for (const name of await readdir(this.folder)) {
      if (name.startsWith(GONE)) {
        removeLater(join(this.folder, name), log);
        continue;
      }
      try {
        const text = await readFile(join(this.folder, name, 'volume.json'), 'utf8');
        records.push(readRecord(text));
        await removeTemporaries(join(this.folder, name));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') removeLater(await this.putAway(name), log);
        else log.error(`Volume ${name} cannot be read`, { error });
      }
    }
    return records;
  }
}
