// SPDX-License-Identifier: Apache-2.0
// A folder of the host by its descriptor: what is made in it is made there, whatever becomes of its path meanwhile, and through no link.

import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

export class HeldFolder {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a folder by a path that whoever asked has chosen; links in it are theirs. */
  static async open(path: string): Promise<HeldFolder> {
    return new HeldFolder(await open(path, O_RDONLY | O_DIRECTORY));
  }

  /** A path for the calls of node:fs that is looked up in this folder alone. Throws for what is more than a name. */
  at(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new TypeError(`Not the name of a file: ${JSON.stringify(name)}`);
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }

  /** A folder in it, not one that a link leads to. Rejects with ENOENT, ENOTDIR or ELOOP. */
  async child(name: string): Promise<HeldFolder> {
    return new HeldFolder(await open(this.at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** The same folder once more. */
  async again(): Promise<HeldFolder> {
    return new HeldFolder(await open(`/proc/self/fd/${this.#handle.fd}`, O_RDONLY | O_DIRECTORY));
  }

  /** What is in it. */
  names(): Promise<string[]> {
    return readdir(`/proc/self/fd/${this.#handle.fd}`);
  }

  /** Its own mode and time. */
  async set(mode: number, mtime: Date): Promise<void> {
    await this.#handle.chmod(mode);
    await this.#handle.utimes(mtime, mtime);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
