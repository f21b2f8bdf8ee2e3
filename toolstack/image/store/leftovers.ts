// SPDX-License-Identifier: Apache-2.0
// Removes the work folders of a killed thawd: their names have the pid and the start time of their process.
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

let counter = 0;

/** Makes a work folder, and resolves with its path. */
export async function makeWorkDir(tmpRoot: string): Promise<string> {
  const dir = join(tmpRoot, `pull-${process.pid}-${await startTime(process.pid)}-${++counter}`);
  await mkdir(dir, { mode: 0o700 });
  return dir;
}

/** Removes the work folders of processes that have ended. Resolves with the number of folders. */
export async function removeLeftovers(tmpRoot: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(tmpRoot)) {
    const [, pid = '', start = ''] = /^pull-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
    if (pid !== '' && (await startTime(Number(pid))) === start) continue;
    await rm(join(tmpRoot, name), { recursive: true, force: true });
    removed++;
  }
  return removed;
}

/** Resolves with field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it identifies a process. '' for a missing process. */
async function startTime(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command in parentheses, may hold spaces.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
