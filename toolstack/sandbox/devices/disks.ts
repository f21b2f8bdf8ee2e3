// SPDX-License-Identifier: Apache-2.0
// Where a container's writable layer is kept: a sparse file of its own with an ext4, which its guest mounts and dom0 never does.

import { execFile } from 'node:child_process';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ThawError } from '../../base/errors.js';
import { copyDiskFile } from '../../xen/sparse.js';

/** A writable layer as a sandbox's record names it. */
export interface Disk {
  /** The file. */
  path: string;
  /** The most that it may hold, its file system's own blocks included. */
  bytes: number;
}

/** The least with which mkfs.ext4 makes a file system that something fits into. */
export const DISK_BYTES_MIN = 32 * 2 ** 20;
export const DISK_BYTES_DEFAULT = 10 * 2 ** 30;

const SMALL_BYTES = 256 * 2 ** 20;
const MKFS_MS = 60_000;

export class Disks {
  readonly #containers: string;
  readonly #blank: string;
  readonly defaultBytes: number;
  #making: Promise<void> | undefined;

  /** `containers` has a folder for each, `folder` an empty file system of `defaultBytes` that each gets a copy of. */
  constructor(containers: string, folder: string, defaultBytes = DISK_BYTES_DEFAULT) {
    this.#containers = containers;
    this.#blank = join(folder, `blank-${defaultBytes}.ext4`);
    this.defaultBytes = defaultBytes;
  }

  /** The folder below which all of them are. */
  get folder(): string {
    return this.#containers;
  }

  /** The disk of the container with that id. Nothing is made yet. */
  of(id: string, bytes = this.defaultBytes): Disk {
    return { path: join(this.#containers, id, 'upper.ext4'), bytes };
  }

  /**
   * Makes the file where it is not there: empty or, where the container goes on from another one's memory, a copy of `from`, which is
   * made also in place of one that is there, unless it is that one. Rejects with ERR_DISK.
   */
  async ensure({ path, bytes }: Disk, from?: string): Promise<void> {
    try {
      if ((from ?? path) === path && (await isThere(path))) return;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const made = `${path}.new`;
      await rm(made, { force: true });
      await rm(path, { force: true });
      if (from !== undefined) await copyDiskFile(from, made);
      else if (bytes === this.defaultBytes) await copyDiskFile(await this.blank(), made);
      else await makeFileSystem(made, bytes);
      await rename(made, path);
    } catch (cause) {
      const message = `Cannot make the writable layer ${path}: is its file system full?`;
      throw cause instanceof ThawError && cause.code === 'ERR_DISK'
        ? cause
        : new ThawError('ERR_DISK', message, { cause });
    }
  }

  /** The empty file system of the default size, made now if it is not there. Rejects with ERR_DISK. */
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
 * No blocks for root alone, a small journal, since what is in it may stay in the guest's memory, and nothing left to be cleared later: a
 * new sparse file reads as zeros. No orphan file, whose 2 MiB each mount reads block by block: it is for many CPUs that remove files at once.
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
