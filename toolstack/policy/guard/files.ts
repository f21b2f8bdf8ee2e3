// SPDX-License-Identifier: Apache-2.0
// Host files that a caller's options name, read with the caller's own rights before the command runs.

import { resolve } from 'node:path';
import type { ClientFiles } from '../../api/engine.js';
import { ThawError } from '../../base/errors.js';

/** Resolves with a file's text. Rejects where the caller may not read it, or where it is too long or too slow. */
export type ReadAs = (path: string) => Promise<string>;

export class CallerFiles implements ClientFiles {
  readonly #cwd: string;
  readonly #readAs: ReadAs;
  readonly #texts = new Map<string, string>();

  constructor(cwd: string, readAs: ReadAs) {
    this.#cwd = cwd;
    this.#readAs = readAs;
  }

  /** Reads the file that the option's value names, if it names one. Rejects as the read does. */
  async read(option: string, value: string): Promise<void> {
    const path = pathIn(option, value);
    if (path === undefined) return;
    const absolute = resolve(this.#cwd, path);
    if (!this.#texts.has(absolute)) this.#texts.set(absolute, await this.#readAs(absolute));
  }

  text(path: string): string {
    const text = this.#texts.get(path);
    if (text !== undefined) return text;
    throw new ThawError('ERR_USAGE', 'thawd did not read it with your rights');
  }
}

/** Returns the path in an option's value; undefined for a value without one. */
function pathIn(option: string, value: string): string | undefined {
  if (option !== 'security-opt') return value;
  const path = /^seccomp[=:]?(.*)$/s.exec(value)?.[1];
  return path === 'unconfined' || path === '' ? undefined : path;
}
