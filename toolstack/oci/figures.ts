// SPDX-License-Identifier: Apache-2.0
// The files of a container's cgroup in dom0 that its stand-in says what its guest uses in (launcher/figures.h), as thawd sees them.

import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../base/errors.js';

const run = promisify(execFile);
const FIGURES = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current', 'memory.max'];
const TOOL_MS = 10_000;

/** Whoever looks at a container that stands still is told what it used when it began to: nobody could ask it then. Never rejects. */
export async function rememberFigures(cgroup: string): Promise<void> {
  if (cgroup !== '') await readFile(join(cgroup, 'memory.current')).catch(() => undefined);
}

/** What a stand-in left that was killed, and did not take it away itself. Never rejects: a file that stays mounted has nobody behind it. */
export async function unmountFigures(cgroup: string): Promise<void> {
  const own = await stat(cgroup).catch(() => undefined);
  if (!own) return;
  for (const name of FIGURES) {
    const path = join(cgroup, name);
    if (await isForeign(path, own.dev))
      await run('umount', ['-l', path], { timeout: TOOL_MS }).catch(() => undefined);
  }
}

async function isForeign(path: string, dev: number): Promise<boolean> {
  try {
    return (await stat(path)).dev !== dev;
  } catch (error) {
    return errorCode(error) === 'ENOTCONN';
  }
}
