// SPDX-License-Identifier: Apache-2.0
// Stores thawd's records: a folder for each, with its JSON file, and for a container its log and the shim's status file.

import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExitStatus } from '../../api/wire.js';
import { errorCode } from '../../base/errors.js';
import { removeTemporaries, writeAtomic } from '../../base/files.js';
import type { Log } from '../../base/log.js';
import { parseStatus } from '../../sandbox/shim/exit-file.js';

/** The differences between the kinds of records. */
export interface RecordKind<R> {
  /** The name of the kind, for messages. */
  name: string;
  /** The name of the JSON file. */
  file: string;
  /** Returns the name of the record's folder. */
  keyOf: (record: R) => string;
  /** True when the record must survive the end of dom0 itself, so that its write waits for the disk. */
  lasts: (record: R) => boolean;
  /** Says whether a folder with an unreadable record is removed, or put aside because a container may have written into it. */
  unreadable: 'remove' | 'aside';
  toJson: (record: R) => unknown;
  fromJson: (written: unknown) => R;
}

/** The prefix of the name of a folder that was put aside. */
const ASIDE = 'unreadable-';

export class FolderStore<R> {
  readonly #folder: string;
  readonly #kind: RecordKind<R>;
  /** The keys whose folders exist. */
  readonly #made = new Set<string>();

  constructor(folder: string, kind: RecordKind<R>) {
    this.#folder = folder;
    this.#kind = kind;
  }

  logPath(key: string): string {
    return join(this.#folder, key, 'ctr.log');
  }

  statusPath(key: string): string {
    return join(this.#folder, key, 'exit');
  }

  /** Makes the folder for a record's files. */
  async makeFolder(key: string): Promise<void> {
    await mkdir(join(this.#folder, key), { recursive: true, mode: 0o700 });
    this.#made.add(key);
  }

  /** Writes the JSON file whole or not at all. */
  async save(record: R): Promise<void> {
    const { file, keyOf, lasts, toJson } = this.#kind;
    const key = keyOf(record);
    const text = `${JSON.stringify(toJson(record), null, 2)}\n`;
    const write = (): Promise<void> =>
      writeAtomic(join(this.#folder, key, file), text, { lasts: lasts(record) });
    if (!this.#made.has(key)) await this.makeFolder(key);
    try {
      await write();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await this.makeFolder(key);
      await write();
    }
  }

  /** Removes the folder, with the JSON file last: until then a new thawd knows the container's state, and which other files it may have. */
  async remove(key: string): Promise<void> {
    const folder = join(this.#folder, key);
    this.#made.delete(key);
    for (const name of await namesIn(folder))
      if (name !== this.#kind.file) await rm(join(folder, name), { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }

  /** Resolves with all records. Removes folders without a record, and files that a killed thawd was writing. */
  async loadAll(log: Log): Promise<R[]> {
    const { name: kind, file, fromJson } = this.#kind;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: R[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(ASIDE)) continue;
      const folder = join(this.#folder, name);
      try {
        records.push(fromJson(JSON.parse(await readFile(join(folder, file), 'utf8'))));
        await removeTemporaries(folder);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') {
          log.info(`Removing the folder of ${kind} ${name}, which a killed thawd made or removed`);
          await rm(folder, { recursive: true, force: true });
        } else await this.#setAside(name, error, log);
      }
    }
    return records;
  }

  /** Resolves with the end that the shim wrote, of the process or of the guest; with undefined when the shim wrote nothing. */
  async readStatus(key: string): Promise<{ exit: ExitStatus } | { reason: string } | undefined> {
    const text = await readFile(this.statusPath(key), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseStatus(text);
  }

  async #setAside(name: string, error: unknown, log: Log): Promise<void> {
    const { name: kind, unreadable } = this.#kind;
    const folder = join(this.#folder, name);
    if (unreadable === 'remove') {
      log.error(`Removing the folder of ${kind} ${name}: its record cannot be read`, { error });
      await rm(folder, { recursive: true, force: true });
      return;
    }
    const aside = join(this.#folder, ASIDE + name);
    log.error(`Cannot read the state of ${kind} ${name}; its files are in ${aside}`, { error });
    await rename(folder, aside);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
