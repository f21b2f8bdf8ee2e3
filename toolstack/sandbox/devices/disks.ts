// SPDX-License-Identifier: Apache-2.0
// Keeps each container's writable layer in a sparse file with an ext4. The guest mounts it, dom0 never does.

import { execFile } from 'node:child_process';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ThawError } from '../../base/errors.js';
import { sync } from '../../base/files.js';
import { bytesToCopy, noReserve, type Reserve } from '../../disk/index.js';
import { copyDiskFile } from '../../xen/sparse.js';

/** A writable layer as in a sandbox's record. */
export interface Disk {
  path: string;
  /** Its largest size in bytes, the file system's own blocks included. */
  bytes: number;
}

/** Smallest size with which mkfs.ext4 makes a file system that has room for files. */
export const DISK_BYTES_MIN = 32 * 2 ** 20;
export const DISK_BYTES_DEFAULT = 10 * 2 ** 30;

/** The bytes that a new file system takes: its journal, and tables of inodes and blocks. */
const NEW_BYTES = 16 * 2 ** 20;
const SMALL_BYTES = 256 * 2 ** 20;
const MKFS_MS = 60_000;

export class Disks {
  readonly #containers: string;
  readonly #blank: string;
  readonly defaultBytes: number;
  readonly #reserve: Reserve;
  #making: Promise<void> | undefined;

  /** `containers` holds a folder for each container. `folder` holds an empty file system of `defaultBytes`, which each disk is a copy of. */
  constructor(
    containers: string,
    folder: string,
    defaultBytes = DISK_BYTES_DEFAULT,
    reserve: Reserve = noReserve,
  ) {
    this.#reserve = reserve;
    this.#containers = containers;
    this.#blank = join(folder, `blank-${defaultBytes}.ext4`);
    this.defaultBytes = defaultBytes;
  }

  /** The folder that holds all disks. */
  get folder(): string {
    return this.#containers;
  }

  /** Returns the disk of the container with that id. Creates no file. */
  of(id: string, bytes = this.defaultBytes): Disk {
    return { path: join(this.#containers, id, 'upper.ext4'), bytes };
  }

  /**
   * Creates the file where it does not exist: an empty disk or, for a container that continues from another container's memory, a copy of `from`. The
   * copy also replaces an existing file, unless `from` is that file. Rejects with ERR_DISK and ERR_DISK_RESERVE.
   */
  async ensure({ path, bytes }: Disk, from?: string): Promise<void> {
    try {
      if ((from ?? path) === path && (await isThere(path))) return;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const made = `${path}.new`;
      const neededBytes = from === undefined ? NEW_BYTES : await bytesToCopy(from, dirname(path));
      await this.#reserve.holding(dirname(path), 'make a writable layer', neededBytes, async () => {
        await rm(made, { force: true });
        await rm(path, { force: true });
        if (from !== undefined) await copyDiskFile(from, made);
        else if (bytes === this.defaultBytes) await copyDiskFile(await this.blank(), made);
        else await makeFileSystem(made, bytes);
      });
      // Whole or not there after a power cut. A copy may be large: it waits until its container's record lasts.
      if (from === undefined) await sync(made);
      await rename(made, path);
    } catch (cause) {
      const message = `Cannot make the writable layer ${path}: is its file system full?`;
      throw cause instanceof ThawError && ['ERR_DISK', 'ERR_DISK_RESERVE'].includes(cause.code)
        ? cause
        : new ThawError('ERR_DISK', message, { cause });
    }
  }

  /** Returns the empty file system of the default size, and creates it where it does not exist. Rejects with ERR_DISK. */
  async blank(): Promise<string> {
    this.#making ??= this.#makeBlank().catch((error: unknown) => {
      this.#making = undefined;
      throw error;
    });
    await this.#making;
    return this.#blank;
  }

  async #makeBlank(): Promise<void> {
    if (await isThere(this.#blank)) return;
    await mkdir(dirname(this.#blank), { recursive: true, mode: 0o700 });
    const made = `${this.#blank}.new`;
    await rm(made, { force: true });
    await makeFileSystem(made, this.defaultBytes);
    await rename(made, this.#blank);
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes an ext4 without blocks reserved for root, and with a small journal, since its contents may stay in the guest's memory. It leaves nothing to
 * clear later: a new sparse file reads as zeros. It has no orphan file: every mount reads its 2 MiB block by block, and only many CPUs that remove
 * files at once profit from it.
 */
async function makeFileSystem(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.truncate(bytes).finally(() => file.close());
  const journalMib = bytes < SMALL_BYTES ? 4 : 8;
  const words = [
    ...['-q', '-F', '-m', '0', '-O', '^resize_inode,^orphan_file', '-J', `size=${journalMib}`],
    ...['-E', 'nodiscard,lazy_itable_init=1,assume_storage_prezeroed=1,root_owner=0:0', path],
  ];
  await new Promise<void>((resolve, reject) => {
    execFile('mkfs.ext4', words, { timeout: MKFS_MS }, (cause, _out, err) => {
      if (!cause) return resolve();
      const isMissing = cause.code === 'ENOENT';
      const why = isMissing ? 'install it with apt-get install e2fsprogs' : err.trim();
      reject(new ThawError('ERR_DISK', `Cannot run mkfs.ext4 for ${path}: ${why}`, { cause }));
    });
  });
}
