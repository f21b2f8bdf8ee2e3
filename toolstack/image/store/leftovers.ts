// SPDX-License-Identifier: Apache-2.0
// What did a killed thawd leave behind? Work folders carry the pid and start time of their process; those of the dead are removed.
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

let counter = 0;

/** Makes a folder for one pull. */
export async function makeWorkDir(tmpRoot: string): Promise<string> {
  const dir = join(tmpRoot, `pull-${process.pid}-${await startTime(process.pid)}-${++counter}`);
  await mkdir(dir, { mode: 0o700 });
  return dir;
}

/** Removes the work folders of processes that are no more; returns how many. */
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

/** Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names one process. '' where there is none. */
async function startTime(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command in parentheses, may hold spaces.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
