// SPDX-License-Identifier: Apache-2.0
// Manages the stats files that a stand-in mounts in its container's cgroup (launcher/stand-in/stats.h), from thawd's side.

import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDeadline } from '../../../base/deadline.js';
import { errorCode } from '../../../base/errors.js';

const run = promisify(execFile);
const STATS_FILES = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current', 'memory.max'];
const ANSWER_MS = 3000;
const TOOL_MS = 10_000;
/** Stand-ins that were killed one after the other leave a stack of mounts. */
const LAYERS_MAX = 16;

/**
 * Has the stand-in read the stats of a container that is about to be frozen: a frozen guest cannot answer later readers. A child process reads, for a
 * reader of a stopped stand-in's file cannot be woken. Never rejects.
 */
export async function rememberStatsFiles(cgroup: string): Promise<void> {
  if (cgroup === '') return;
  const read = run('cat', [join(cgroup, 'memory.current')], { timeout: ANSWER_MS });
  // The child process may fail after the deadline.
  read.catch(() => undefined);
  await withDeadline(read, ANSWER_MS, 'The stats of the container').catch(() => undefined);
}

/**
 * Unmounts the stats files of killed stand-ins in a cgroup that has no stand-in any more. Never rejects: no process serves a file that stays mounted.
 */
export async function unmountStatsFiles(cgroup: string): Promise<void> {
  const own = await stat(cgroup).catch(() => undefined);
  if (!own) return;
  for (const name of STATS_FILES) {
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
