// SPDX-License-Identifier: Apache-2.0
// A host directory by its descriptor: files are made in it whatever happens to its path meanwhile, and never through a link.

import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

export class HeldFolder {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a directory by a path of the client's choice; the client vouches for links in it. */
  static async open(path: string): Promise<HeldFolder> {
    return new HeldFolder(await open(path, O_RDONLY | O_DIRECTORY));
  }

  /** Returns a path for node:fs that the kernel looks up in this directory alone. Throws unless `name` is a single name. */
  at(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new TypeError(`Not the name of a file: ${JSON.stringify(name)}`);
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }

  /** Opens a subdirectory, never through a link. Rejects with ENOENT, ENOTDIR or ELOOP. */
  async child(name: string): Promise<HeldFolder> {
    return new HeldFolder(await open(this.at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** Opens the same directory again. */
  async again(): Promise<HeldFolder> {
    return new HeldFolder(await open(`/proc/self/fd/${this.#handle.fd}`, O_RDONLY | O_DIRECTORY));
  }

  /** Lists the directory. */
  names(): Promise<string[]> {
    return readdir(`/proc/self/fd/${this.#handle.fd}`);
  }

  /** Sets the directory's own mode and time. */
  async set(mode: number, mtime: Date): Promise<void> {
    await this.#handle.chmod(mode);
    await this.#handle.utimes(mtime, mtime);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
