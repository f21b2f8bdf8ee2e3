// SPDX-License-Identifier: Apache-2.0
// Keeps the records of images: images/HEX.json for each image, which stays unchanged, and names.json, which maps names to images. Both are small,
// stay in memory, and are written as a whole.
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../base/errors.js';
import { writeAtomic } from '../../base/files.js';
import type { Log } from '../../base/log.js';
import type { ImageSource } from './blobs.js';
import type { ImageConfig } from '../config/manifest.js';

const VERSION = 1;

export interface ImageRecord {
  readonly version: number;
  /** Digest of the config, sha256:HEX: podman and docker have the same image id. */
  readonly id: string;
  /** From the bottom up. */
  readonly layers: readonly {
    readonly digest: string;
    readonly diffId: string;
    readonly key: string;
    readonly bytes: number;
    readonly isEmpty: boolean;
  }[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
  readonly passwd: string;
  readonly group: string;
  /** Absent for an image that an older thaw pulled. */
  readonly source?: ImageSource;
  /** The record was written before its first name. At its start, thawd drops such a record without a name. */
  readonly isArriving?: true;
}

export interface NameRecord {
  readonly id: string;
  /** Digest of the manifest that was copied. */
  readonly manifestDigest: string;
  /** The stamp (freshness.ts) of the image's local file or folder; '' for a registry. */
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly pulledAt: number;
}

export class Records {
  readonly images = new Map<string, ImageRecord>();
  readonly names = new Map<string, NameRecord>();
  readonly #root: string;
  readonly #log: Log;

  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  async load(): Promise<void> {
    await mkdir(join(this.#root, 'images'), { recursive: true, mode: 0o700 });
    for (const file of await readdir(join(this.#root, 'images'))) {
      const path = join(this.#root, 'images', file);
      const record = file.endsWith('.json') ? await this.#read<ImageRecord>(path) : undefined;
      if (record?.version === VERSION && file === fileOf(record.id))
        this.images.set(record.id, record);
      else await rm(path, { force: true, recursive: true });
    }
    const names = await this.#read<{ version: number; names: Record<string, NameRecord> }>(
      this.#namesPath,
    );
    const known = names?.version === VERSION ? names.names : {};
    for (const [name, record] of Object.entries(known)) {
      if (this.images.has(record.id)) this.names.set(name, record);
    }
    for (const { isArriving, ...record } of [...this.images.values()])
      if (isArriving) await this.#settle(record);
  }

  /** Adds an image with its names. After a crash the image has its first name, or the store is unchanged. */
  async addImage(
    record: Omit<ImageRecord, 'version' | 'isArriving'>,
    names: Readonly<Record<string, NameRecord>>,
  ): Promise<void> {
    const arrives = !this.images.has(record.id) && Object.keys(names).length > 0;
    const whole: ImageRecord = { version: VERSION, ...record };
    await this.#writeImage(arrives ? { ...whole, isArriving: true } : whole);
    try {
      for (const [name, given] of Object.entries(names)) await this.setName(name, given);
    } finally {
      if (arrives) await this.#settle(whole);
    }
  }

  /** Keeps a new image that has a name, and removes one that has none. */
  async #settle(record: ImageRecord): Promise<void> {
    if (this.namesOf(record.id).length > 0) return this.#writeImage(record);
    this.images.delete(record.id);
    await rm(join(this.#root, 'images', fileOf(record.id)), { force: true });
  }

  async #writeImage(record: ImageRecord): Promise<void> {
    await writeAtomic(join(this.#root, 'images', fileOf(record.id)), JSON.stringify(record));
    this.images.set(record.id, record);
  }

  /** Removes the image from memory synchronously, then from disk. */
  async removeImage(id: string): Promise<void> {
    for (const name of this.namesOf(id)) this.names.delete(name);
    this.images.delete(id);
    // In this order: load() ignores a name without an image, but would keep an image without a name.
    await rm(join(this.#root, 'images', fileOf(id)), { force: true });
    await this.#writeNames();
  }

  async setName(name: string, record: NameRecord): Promise<void> {
    const before = this.names.get(name);
    this.names.set(name, record);
    try {
      await this.#writeNames();
    } catch (error) {
      if (before === undefined) this.names.delete(name);
      else this.names.set(name, before);
      throw error;
    }
  }

  async removeName(name: string): Promise<void> {
    this.names.delete(name);
    await this.#writeNames();
  }

  namesOf(id: string): string[] {
    return [...this.names]
      .filter(([, record]) => record.id === id)
      .map(([name]) => name)
      .sort();
  }

  /** Returns the ids that start with the text, given with or without `sha256:`. */
  idsStartingWith(text: string): string[] {
    const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
    return [...this.images.keys()].filter((id) => id.startsWith(prefix));
  }

  get #namesPath(): string {
    return join(this.#root, 'names.json');
  }

  async #writeNames(): Promise<void> {
    const text = JSON.stringify(
      { version: VERSION, names: Object.fromEntries(this.names) },
      undefined,
      1,
    );
    await writeAtomic(this.#namesPath, text);
  }

  async #read<T>(path: string): Promise<T | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as T;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        this.#log.warn(`Ignoring ${path}: it is damaged`, { error });
      return undefined;
    }
  }
}

function fileOf(id: string): string {
  return `${id.slice('sha256:'.length)}.json`;
}
