// SPDX-License-Identifier: Apache-2.0
// A file server that a guest has taken over reaches nothing of dom0 but its exports: no file, no process, no device, no setting.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import anyTest from 'ava';
import { ApiType, encodeShare } from '../../toolstack/api/wire.js';
import { scratch } from '../support/ninep/client.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];
const MADE = '/tmp/thaw-probe-made';

test('a file server that a guest has taken over reaches its exports alone', async (t) => {
  const dir = scratch(t);
  const [folder, secret] = [join(dir, 'export'), join(dir, 'secret')];
  mkdirSync(folder);
  writeFileSync(secret, 'secret');
  symlinkSync(secret, join(folder, 'out'));
  rmSync(MADE, { force: true });
  const peer = spawn('sleep', ['600']);
  t.teardown(() => peer.kill('SIGKILL'));
  const sandbox = await Sandbox.start(t, {
    program: programs().shimOfProbes,
    prefix: ['env', `THAW_PROBE_SECRET=${secret}`, `THAW_PROBE_PEER=${peer.pid}`],
  });
  const exports = [{ path: folder, readOnly: false }];
  sandbox.control.send(ApiType.SHARE, 0, 0, encodeShare(RINGS, exports));
  const report = join(folder, 'report');
  await until(
    'the probe is at its end',
    () => existsSync(report) && /^end$/m.test(readFileSync(report, 'utf8')),
  );
  const lines = readFileSync(report, 'utf8').trim().split('\n').slice(0, -1);
  const attempts = lines.filter((line) => !line.startsWith('descriptor '));
  t.true(attempts.length > 40, `${attempts.length} attempts`);
  t.deepEqual(
    attempts.filter((line) => line.endsWith(': reached')),
    [],
  );
  t.false(existsSync(MADE));
  t.false(existsSync(join(folder, 'stolen')));
  t.is(readFileSync(secret, 'utf8'), 'secret');
  const descriptors = lines
    .filter((line) => line.startsWith('descriptor '))
    .map((line) => line.replace(/^descriptor /, '').replace(/\d+/g, 'N'));
  // The connection to the shim, the tree, the proc and the devices of its own: zero stands for Xen's.
  t.deepEqual([...new Set(descriptors)].sort(), ['/', '/N/fd', '/null', '/zero', 'socket:[N]']);
});
