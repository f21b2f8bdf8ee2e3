// SPDX-License-Identifier: Apache-2.0
// Slows xenstored down, as on a host whose CPUs are busy, and records its requests.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stops it for 150 ms and lets it run for 3 ms, for a minute or two at most: a killed test must not leave it slow. */
const PULSES =
  'for i in $(seq 500); do kill -STOP $0; sleep 0.15; kill -CONT $0; sleep 0.003; done';

/** Slows xenstored down while `body` runs; returns the lines of its log from that time. No other test may use the log. */
export async function loggedBySlowXenstored(body: () => Promise<void>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-xenstored-'));
  const file = join(folder, 'log');
  const pid = execFileSync('pidof', ['xenstored'], { encoding: 'utf8' }).trim();
  execFileSync('xenstore-control', ['logfile', file]);
  execFileSync('xenstore-control', ['log', 'on']);
  // A process of its own: the calls of `body` may block this process.
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
