// SPDX-License-Identifier: Apache-2.0
// Removes a tree that a hostile process may change meanwhile, or that is deeper than any path. Node.js walks paths, so a directory that
// becomes a symbolic link would lead it out of the tree; rm walks descriptors.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ThawError } from './errors.js';

const run = promisify(execFile);
const REMOVE_MS = 3_600_000;

/** Removes a file or directory with everything below it, except other filesystems. A missing one is no error. Rejects with ERR_REMOVE. */
export async function removeTree(path: string): Promise<void> {
  try {
    await run('rm', ['-rf', '--one-file-system', '--', path], { timeout: REMOVE_MS });
  } catch (cause) {
    const [said] = ((cause as { stderr?: string }).stderr ?? '').trim().split('\n');
    throw new ThawError('ERR_REMOVE', `Cannot remove ${path}: ${said ?? ''}`, { cause });
  }
}
