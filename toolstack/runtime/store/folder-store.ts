// SPDX-License-Identifier: Apache-2.0
// Stores thawd's records: a folder for each, with its JSON file, and for a container its log and the shim's status file.

import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExitStatus } from '../../api/wire.js';
import { errorCode } from '../../base/errors.js';
import { isTemporary, removeTemporaries, sync, writeAtomic } from '../../base/files.js';
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
  /**
   * Says what of the record survives the end of dom0 itself: this text, whose write then waits for the disk; at least the last text that did, as the
   * record changes again before anybody is told; or nothing.
   */
  lasts: (record: R) => 'this' | 'last' | 'none';
  /** Returns the paths of files that must be on disk before a record that lasts. Each is synced once, when it is there. */
  files?: (record: R) => string[];
  /** Says whether a folder with an unreadable record is removed, or put aside because a container may have written into it. */
  unreadable: 'remove' | 'aside';
  toJson: (record: R) => unknown;
  fromJson: (written: unknown) => R;
}

/** The prefix of the name of a folder that was put aside. */
const ASIDE = 'unreadable-';
/** The suffix of the last JSON file that is on disk for certain. */
const LAST = '.last';

export class FolderStore<R> {
  readonly #folder: string;
  readonly #kind: RecordKind<R>;
  /** The keys whose folders exist. */
  readonly #made = new Set<string>();
  /** By key, the files that are on disk, with the JSON file where its present text is. */
  readonly #synced = new Map<string, Set<string>>();

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
    const { file, keyOf, toJson } = this.#kind;
    const key = keyOf(record);
    const path = join(this.#folder, key, file);
    const text = `${JSON.stringify(toJson(record), null, 2)}\n`;
    if (!this.#made.has(key)) await this.makeFolder(key);
    try {
      await this.#write(record, path, text);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      this.#synced.delete(key);
      await this.makeFolder(key);
      await this.#write(record, path, text);
    }
  }

  async #write(record: R, path: string, text: string): Promise<void> {
    const { keyOf, lasts, files } = this.#kind;
    const key = keyOf(record);
    const lasting = lasts(record);
    const synced = this.#synced.get(key) ?? new Set();
    // The first text has no last one to fall back to.
    if (lasting === 'this' || (lasting === 'last' && !this.#synced.has(key))) {
      await Promise.all((files?.(record) ?? []).map((one) => this.#syncOnce(one, synced)));
      await writeAtomic(path, text);
      synced.add(path);
      this.#synced.set(key, synced);
      return;
    }
    // A file that is renamed before it is on disk can be empty after a power cut (xfs(5), ext4(5) with noauto_da_alloc).
    // Also one that is removed by force, which lasts no more, was acknowledged until it is gone.
    if (synced.delete(path)) {
      await rm(path + LAST, { force: true });
      await link(path, path + LAST);
    }
    await writeAtomic(path, text, { lasts: false });
  }

  async #syncOnce(path: string, synced: Set<string>): Promise<void> {
    if (synced.has(path)) return;
    try {
      await sync(path);
      await sync(dirname(path));
      synced.add(path);
    } catch (error) {
      // The file is made by the first start.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Removes the folder, with the JSON file last: until then a new thawd knows the container's state, and which other files it may have. */
  async remove(key: string): Promise<void> {
    const folder = join(this.#folder, key);
    this.#made.delete(key);
    const isOnDisk = this.#synced.delete(key);
    for (const name of await namesIn(folder))
      if (name !== this.#kind.file) await rm(join(folder, name), { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
    if (isOnDisk) await sync(this.#folder);
  }

  /** Resolves with all records. Removes folders without a record, and files that a killed thawd was writing. */
  async loadAll(log: Log): Promise<R[]> {
    const { name: kind, file } = this.#kind;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: R[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(ASIDE)) continue;
      const folder = join(this.#folder, name);
      const path = join(folder, file);
      try {
        const record = await this.#read(path).catch((error: unknown) =>
          this.#readLast(path, error, log),
        );
        if (this.#kind.lasts(record) === 'this')
          this.#synced.set(name, new Set([path, ...(this.#kind.files?.(record) ?? [])]));
        records.push(record);
        await removeTemporaries(folder);
      } catch (error) {
        if (errorCode(error) === 'ENOENT' || (await this.#isEmpty(name))) {
          log.info(`Removing the folder of ${kind} ${name}, which a killed thawd made or removed`);
          await rm(folder, { recursive: true, force: true });
        } else await this.#setAside(name, error, log);
      }
    }
    return records;
  }

  async #read(path: string): Promise<R> {
    return this.#kind.fromJson(JSON.parse(await readFile(path, 'utf8')));
  }

  /** Rejects with the first failure where there is no earlier text. */
  async #readLast(path: string, failure: unknown, log: Log): Promise<R> {
    // A record that is gone was removed.
    if (errorCode(failure) === 'ENOENT') throw failure;
    const record = await this.#read(path + LAST).catch(() => {
      throw failure;
    });
    log.warn(`${path} is damaged: its last text that was on disk takes its place`, {
      error: failure,
    });
    return record;
  }

  /** Resolves with the end that the shim wrote, of the process or of the guest; with undefined when the shim wrote nothing. */
  async readStatus(key: string): Promise<{ exit: ExitStatus } | { reason: string } | undefined> {
    const text = await readFile(this.statusPath(key), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseStatus(text);
  }

  /** True when the record is of a start that a power cut ended, and the folder has nothing else that its user could miss. */
  async #isEmpty(name: string): Promise<boolean> {
    const path = join(this.#folder, name, this.#kind.file);
    const known = [path, this.logPath(name), this.statusPath(name)];
    const names = await namesIn(join(this.#folder, name)).catch(() => ['unknown']);
    const isKnown = (one: string): boolean =>
      known.includes(join(this.#folder, name, one)) || isTemporary(one);
    if (!names.every(isKnown)) return false;
    return (await stat(path).catch(() => undefined))?.size === 0;
  }

  async #setAside(name: string, error: unknown, log: Log): Promise<void> {
    const { name: kind, unreadable } = this.#kind;
    const folder = join(this.#folder, name);
    if (unreadable === 'remove') {
      log.error(`Removing the folder of ${kind} ${name}: its record cannot be read`, { error });
      await rm(folder, { recursive: true, force: true }).catch((cause: unknown) =>
        log.error(`Cannot remove ${folder}`, { error: cause }),
      );
      return;
    }
    const aside = join(this.#folder, ASIDE + name);
    try {
      await rename(folder, aside);
      log.error(`Cannot read the state of ${kind} ${name}; its files are in ${aside}`, { error });
    } catch (cause) {
      // A damaged file system must not keep thawd from all other records.
      log.error(`Cannot read the state of ${kind} ${name}, nor put ${folder} aside`, {
        error: cause,
      });
    }
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
