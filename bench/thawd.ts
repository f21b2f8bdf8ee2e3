// SPDX-License-Identifier: Apache-2.0
// Restarts dom0's thawd with other options, and waits for its pool.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../toolstack/base/deadline.js';

const LOG = '/var/log/thaw/thawd.log';
const LOOK_MS = 300;
const DEADLINE_MS = 600_000;
/** Wait until the pool's filling has ended and none begins: the pool rests a while after a start. */
const REST_MS = 1000;

interface Template {
  name?: string;
  type: string;
  ready: number;
}

/** Ends thawd and starts it with these options; resolves when it answers. */
export async function restartThawd(options: readonly string[]): Promise<void> {
  const pid = pidOfThawd();
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  await until('thawd to end', () => pidOfThawd() === undefined);
  const log = openSync(LOG, 'a');
  spawn('thawd', options, { detached: true, stdio: ['ignore', log, log] }).unref();
  closeSync(log);
  await until('thawd to answer', () => quiet(['ps']) !== undefined);
}

/** Waits until `count` clones of that template are in the pool: of a frozen image by name, else of the kernel alone by type. */
export async function poolReady(what: { name?: string; type: string }, count = 1): Promise<void> {
  await until(`${count} of ${what.name ?? what.type} to wait`, () =>
    (JSON.parse(quiet(['templates', '--json']) ?? '[]') as Template[]).some(
      ({ name, type, ready }) => name === what.name && type === what.type && ready >= count,
    ),
  );
  await sleep(REST_MS);
}

function quiet(words: string[]): string | undefined {
  try {
    return execFileSync('thaw', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

function pidOfThawd(): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return /^node\0(-\S+\0)*\S*daemon\/main\.js/.test(
          readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
        );
      } catch {
        return false;
      }
    });
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}
