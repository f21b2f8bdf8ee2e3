// SPDX-License-Identifier: Apache-2.0
// The files of a container's cgroup in dom0 that its stand-in says what its guest uses in (launcher/stand-in/figures.h), as thawd sees them.

import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDeadline } from '../../../base/deadline.js';
import { errorCode } from '../../../base/errors.js';

const run = promisify(execFile);
const FIGURES = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current', 'memory.max'];
const ANSWER_MS = 3000;
const TOOL_MS = 10_000;
/** Where stand-ins were killed one after the other. */
const LAYERS_MAX = 16;

/**
 * Whoever looks at a container that stands still is told what it used when it began to: nobody could ask it then. Another process reads,
 * for nothing wakes one that reads where the stand-in has been stopped. Never rejects.
 */
export async function rememberFigures(cgroup: string): Promise<void> {
  if (cgroup === '') return;
  const read = run('cat', [join(cgroup, 'memory.current')], { timeout: ANSWER_MS });
  // Its end may come after the deadline.
  read.catch(() => undefined);
  await withDeadline(read, ANSWER_MS, 'Nobody says what the container uses').catch(() => undefined);
}

/**
 * Takes away what stand-ins left that were killed, of a cgroup that none is in any more. Never rejects: a file that stays mounted has nobody
 * behind it.
 */
export async function unmountFigures(cgroup: string): Promise<void> {
  const own = await stat(cgroup).catch(() => undefined);
  if (!own) return;
  for (const name of FIGURES) {
    const path = join(cgroup, name);
    for (let layer = 0; layer < LAYERS_MAX; layer++) {
      if (!(await isForeign(path, own.dev))) break;
      const args = ['--lazy', '--no-canonicalize', path];
      const hasFailed = await run('umount', args, { timeout: TOOL_MS }).catch(() => true);
      if (hasFailed === true) break;
    }
  }
}

async function isForeign(path: string, dev: number): Promise<boolean> {
  try {
    return (await stat(path)).dev !== dev;
  } catch (error) {
    return errorCode(error) === 'ENOTCONN';
  }
}
