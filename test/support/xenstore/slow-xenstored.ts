// SPDX-License-Identifier: Apache-2.0
// A xenstored that answers late, as on a host whose CPUs are taken, and what it was asked.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stopped for 150 ms and let run for 3, for a minute or two at most: a test that is killed must not leave it so. */
const PULSES =
  'for i in $(seq 500); do kill -STOP $0; sleep 0.15; kill -CONT $0; sleep 0.003; done';

/** Slows xenstored down while `body` runs; gives the lines of its log of that time. Nothing else may have it log. */
export async function loggedBySlowXenstored(body: () => Promise<void>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-xenstored-'));
  const file = join(folder, 'log');
  const pid = execFileSync('pidof', ['xenstored'], { encoding: 'utf8' }).trim();
  execFileSync('xenstore-control', ['logfile', file]);
  execFileSync('xenstore-control', ['log', 'on']);
  // A process of its own: what `body` calls may block this one.
  const pulses = spawn('sh', ['-c', PULSES, pid], { stdio: 'ignore' });
  const ended = once(pulses, 'exit');
  try {
    await body();
  } finally {
    pulses.kill('SIGKILL');
    await ended;
    process.kill(Number(pid), 'SIGCONT');
    execFileSync('xenstore-control', ['log', 'off']);
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  rmSync(folder, { recursive: true });
  return lines;
}
