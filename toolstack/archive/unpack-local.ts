// SPDX-License-Identifier: Apache-2.0
// Unpacks a guest's tar stream to files of the host. The guest is hostile: its paths become names below the target, walked directory by
// directory and through no link; devices are left out; owners, set-user-id bits and the like are dropped.

import { constants } from 'node:fs';
import { link, lstat, lutimes, mkdir, open, symlink, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { errorCode, errorMessage } from '../base/errors.js';
import { removeTree } from '../base/remove-tree.js';
import { namesOf } from './entry-names.js';
import { CopyError } from './errors.js';
import { HeldFolder } from './held-folder.js';
import { settleLocal } from './local-target.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** A limit above any honest guest's need that dom0 can still keep count of. */
const ENTRIES_MAX = 5_000_000;
/** Of one, as long as a path can be, and of all, which are kept in mind. */
const PATH_MAX = 4096;
const PATHS_MAX = 256 * 2 ** 20;

export interface UnpackOptions {
  /** The user's path, made absolute; slashes at its end count. */
  target: string;
  /** Name of the copied thing in an existing directory; '' for its contents alone. */
  name: string;
  /** A file may replace a directory, and a directory a file. */
  overwrites: boolean;
}

/**
 * Unpacks the archive of one copied thing. Resolves with the number of entries; 0 means that nothing was copied. Rejects with ERR_COPY;
 * files that were made until then stay.
 */
export async function unpackLocal(source: Readable, options: UnpackOptions): Promise<number> {
  const unpacking = new Unpacking(options);
  const entries = source.pipe(extract());
  source.once('error', (error) => entries.destroy(error));
  let count = 0;
  let pathBytes = 0;
  try {
    for await (const entry of entries) {
      pathBytes += entry.header.name.length;
      if (entry.header.name.length > PATH_MAX)
        throw new CopyError('The guest sends a path that is too long');
      if (++count > ENTRIES_MAX || pathBytes > PATHS_MAX)
        throw new CopyError('The guest sends too many files');
      await unpacking.take(entry.header, entry as AsyncIterable<Buffer>);
      entry.resume();
    }
    await unpacking.finish();
    return count;
  } catch (error) {
    if (error instanceof CopyError || errorCode(error)?.startsWith('ERR_SHIM')) throw error;
    throw new CopyError(`Cannot unpack what the guest sends: ${errorMessage(error)}`, error);
  } finally {
    entries.destroy();
    source.destroy();
    await unpacking.close();
  }
}

interface Place {
  folder: HeldFolder;
  name: string;
}

class Unpacking {
  readonly #options: UnpackOptions;
  /** The directory that the copied thing goes into, and its name there, unless it becomes that directory. */
  #root: { folder: HeldFolder; name?: string } | undefined;
  /** Open directories from the copied thing down to the last entry. */
  #open: Place[] = [];
  /** Attributes of directories, set last: each new entry changes a directory's time. */
  readonly #folders: { names: string[]; mode: number; mtime: Date }[] = [];
  readonly #made = new Set<string>();

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async take(header: Header, content: AsyncIterable<Buffer>): Promise<void> {
    const names = namesOf(header.name);
    const isFolder = header.type === 'directory';
    if (!this.#root) {
      if (names.length > 0)
        throw new CopyError('The guest sends an archive without the requested files');
      const settled = await settleLocal({ ...this.#options, isFolder });
      this.#root = { ...settled, folder: await HeldFolder.open(settled.folder) };
    }
    // A directory that was there before keeps its attributes.
    if (names.length === 0 && this.#root.name === undefined) return;
    const place = await this.#place(names);
    try {
      await this.#make(place, names, header, content);
    } catch (error) {
      if (error instanceof CopyError) throw error;
      throw new CopyError(`Cannot write ${this.#shown(names)}: ${errorMessage(error)}`, error);
    }
  }

  async finish(): Promise<void> {
    for (const { names, mode, mtime } of this.#folders.reverse()) {
      const { folder, name } = await this.#place(names);
      const child = await folder.child(name);
      await child.set(mode, mtime).finally(() => child.close());
    }
  }

  async close(): Promise<void> {
    for (const { folder } of this.#open.splice(0)) await folder.close();
    await this.#root?.folder.close();
    this.#root = undefined;
  }

  async #make(
    place: Place,
    names: string[],
    header: Header,
    content: AsyncIterable<Buffer>,
  ): Promise<void> {
    const path = place.folder.at(place.name);
    const mtime = header.mtime ?? new Date(0);
    switch (header.type) {
      case 'directory':
        await this.#makeFolder(path, names);
        this.#folders.push({ names, mode: (header.mode ?? 0o755) & 0o777, mtime });
        return;
      case 'file':
      case 'contiguous-file':
        await this.#makeWay(path, names);
        await writeFile(path, content, (header.mode ?? 0o644) & 0o777, mtime);
        break;
      case 'symlink':
        await this.#makeWay(path, names);
        await symlink(header.linkname ?? '', path);
        await lutimes(path, mtime, mtime);
        break;
      case 'link':
        await this.#makeLink(path, names, namesOf(header.linkname ?? ''));
        break;
      case 'block-device':
      case 'character-device':
      case 'fifo':
      default:
        // Devices are left out, and pipes, whose readers would wait for ever.
        return;
    }
    this.#made.add(names.join('/'));
  }

  async #makeFolder(path: string, names: string[]): Promise<void> {
    try {
      await mkdir(path, 0o700);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if ((await lstat(path)).isDirectory()) return;
      if (!this.#options.overwrites)
        throw new CopyError(
          `Cannot write ${this.#shown(names)}: it exists and is no folder; see --overwrite`,
        );
      await unlink(path);
      await mkdir(path, 0o700);
    }
  }

  /** Links only to a file of this archive: any other file may be out of the guest's reach. */
  async #makeLink(path: string, names: string[], target: string[]): Promise<void> {
    if (!this.#made.has(target.join('/')))
      throw new CopyError(
        `The guest sent a hard link to a file that it has not sent: ${this.#shown(target)}`,
      );
    if (target.join('/') === names.join('/')) return;
    await this.#makeWay(path, names);
    // The lookup opens its own directories: those that lead here stay open.
    const { folder, last } = await this.#walk(target);
    await link(folder.at(last), path).finally(() => folder.close());
  }

  /** Opens the existing directory of an entry, and returns the entry's name. The caller closes the directory. */
  async #walk(names: string[]): Promise<{ folder: HeldFolder; last: string }> {
    const { root, way, last } = this.#way(names);
    let folder = await root.again();
    for (const name of way) {
      const above = folder;
      folder = await above.child(name).finally(() => above.close());
    }
    return { folder, last };
  }

  #way(names: string[]): { root: HeldFolder; way: string[]; last: string } {
    const root = this.#root;
    if (!root) throw new TypeError('Nothing was copied yet');
    const all = [...(root.name === undefined ? [] : [root.name]), ...names];
    return { root: root.folder, way: all.slice(0, -1), last: all.at(-1) ?? '' };
  }

  async #makeWay(path: string, names: string[]): Promise<void> {
    const there = await lstat(path).catch(ifMissing);
    if (!there) return;
    if (!there.isDirectory()) return unlink(path);
    if (!this.#options.overwrites)
      throw new CopyError(
        `Cannot write ${this.#shown(names)}: it is a folder, and the source is none; see --overwrite`,
      );
    // The paths name this process's descriptors, which no other process has.
    await removeTree(path.replace('/proc/self/', `/proc/${process.pid}/`));
  }

  /** Opens the directory of an entry, from the copied thing on, and returns the entry's name. It makes directories that no entry named. */
  async #place(names: string[]): Promise<Place> {
    const { root, way, last } = this.#way(names);
    let shared = 0;
    while (shared < way.length && this.#open[shared]?.name === way[shared]) shared++;
    for (const { folder } of this.#open.splice(shared)) await folder.close();
    for (const name of way.slice(shared)) {
      const above = this.#open.at(-1)?.folder ?? root;
      try {
        await mkdir(above.at(name), 0o755).catch(ifThere);
        this.#open.push({ folder: await above.child(name), name });
      } catch (error) {
        throw new CopyError(`Cannot go into ${this.#shown(names)}: ${errorMessage(error)}`, error);
      }
    }
    return { folder: this.#open.at(-1)?.folder ?? root, name: last };
  }

  #shown(names: string[]): string {
    return JSON.stringify(
      [...(this.#root?.name === undefined ? [] : [this.#root.name]), ...names]
        .join('/')
        .slice(0, 300),
    );
  }
}

async function writeFile(
  path: string,
  content: AsyncIterable<Buffer>,
  mode: number,
  mtime: Date,
): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.chmod(mode);
    await file.utimes(mtime, mtime);
  } finally {
    await file.close();
  }
}

function ifMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
  return undefined;
}

function ifThere(error: unknown): undefined {
  if (errorCode(error) !== 'EEXIST') throw error;
  return undefined;
}
