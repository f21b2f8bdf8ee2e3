// SPDX-License-Identifier: Apache-2.0
// How a tree goes that somebody hostile may still be changing, or has made as deep as no path can be. Node.js walks it by paths, so that a
// folder that becomes a symbolic link meanwhile leads it out; rm goes by descriptors.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ThawError } from './errors.js';

const run = promisify(execFile);
const REMOVE_MS = 3_600_000;

/** Removes a file or folder with all below it, other filesystems left alone; nothing where there is none. Rejects with ERR_REMOVE. */
export async function removeTree(path: string): Promise<void> {
  try {
    await run('rm', ['-rf', '--one-file-system', '--', path], { timeout: REMOVE_MS });
  } catch (cause) {
    const [said] = ((cause as { stderr?: string }).stderr ?? '').trim().split('\n');
    throw new ThawError('ERR_REMOVE', `Cannot remove ${path}: ${said ?? ''}`, { cause });
  }
}
