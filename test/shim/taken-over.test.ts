// SPDX-License-Identifier: Apache-2.0
// A file server that a guest has taken over reaches nothing of dom0 but its exports: no file, no process, no device, no setting.

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType, encodeShare } from '../../toolstack/api/wire.js';
import { scratch } from '../support/ninep/client.js';
import { programs } from '../support/programs.js';
import { checkReport, isWhole } from '../support/shim/probe-report.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];
const MADE = '/tmp/thaw-probe-made';
/** The tree, the proc and the devices of its own, of which zero stands for Xen's, and the connection to the shim. */
const DESCRIPTORS = ['/', '/N/fd', '/null', '/zero', 'socket:[N]'];

/** Lets the probe attack from an export below `dir`, and returns the path of its report. */
async function attack(t: ExecutionContext, dir: string, secret: string): Promise<string> {
  const folder = join(dir, 'export');
  mkdirSync(folder);
  symlinkSync(secret, join(folder, 'out'));
  const peer = spawn('sleep', ['600']);
  t.teardown(() => peer.kill('SIGKILL'));
  const sandbox = await Sandbox.start(t, {
    program: programs().shimOfProbes,
    prefix: ['env', `THAW_PROBE_SECRET=${secret}`, `THAW_PROBE_PEER=${peer.pid}`],
  });
  const exports = [{ path: folder, readOnly: false }];
  sandbox.control.send(ApiType.SHARE, 0, 0, encodeShare(RINGS, exports));
  const report = join(folder, 'report');
  await until('the probe is at its end', () => isWhole(report));
  return report;
}

test('a file server that a guest has taken over reaches its exports alone', async (t) => {
  const dir = scratch(t);
  const secret = join(dir, 'secret');
  writeFileSync(secret, 'secret');
  rmSync(MADE, { force: true });
  checkReport(t, await attack(t, dir, secret), DESCRIPTORS);
  t.false(existsSync(MADE));
  t.false(existsSync(join(dir, 'export/stolen')));
  t.is(readFileSync(secret, 'utf8'), 'secret');
});

test('a folder below /dev is shared as any other', async (t) => {
  const dir = mkdtempSync('/dev/shm/thaw-probe-');
  t.teardown(() => rmSync(dir, { recursive: true }));
  const secret = join(dir, 'secret');
  writeFileSync(secret, 'secret');
  // The probe can write its report.
  checkReport(t, await attack(t, dir, secret), DESCRIPTORS);
});
