// SPDX-License-Identifier: Apache-2.0
// The file server of a real domain, taken over: with Xen's devices open, it reaches nothing of dom0 but its exports. test/shim/taken-over.test.ts
// runs the same attack without Xen.

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
import { busybox, run, startThawd, stopThawd, until } from '../../support/dom0/thaw.js';
import { once } from '../../support/once.js';
import { checkReport, isWhole } from '../../support/shim/probe-report.js';

/** scripts/lib/lab-tests.sh builds it. */
const SHIM = '/root/tests/bin/thaw-shim-probe';
const MADE = '/tmp/thaw-probe-made';

once('a file server that a guest has taken over reaches its exports alone', async (t) => {
  t.timeout(300_000);
  const dir = mkdtempSync('/srv/thaw-probe-');
  const [folder, secret] = [join(dir, 'export'), join(dir, 'secret')];
  mkdirSync(folder);
  writeFileSync(secret, 'secret');
  symlinkSync(secret, join(folder, 'out'));
  rmSync(MADE, { force: true });
  const peer = spawn('sleep', ['600']);
  await stopThawd();
  // thawd hands its environment on to the shims.
  Object.assign(process.env, { THAW_PROBE_SECRET: secret, THAW_PROBE_PEER: String(peer.pid) });
  try {
    await startThawd(['--shim', SHIM]);
    // The container is lost when the probe ends.
    await run(['-v', `${folder}:/data`, busybox, 'sleep', '60']);
    const report = join(folder, 'report');
    await until('the probe is at its end', () => isWhole(report));
    checkReport(t, report, ['/', '/N/fd', '/null', '/xen/evtchn', 'socket:[N]']);
    t.false(existsSync(MADE));
    t.false(existsSync(join(folder, 'stolen')));
    t.is(readFileSync(secret, 'utf8'), 'secret');
  } finally {
    peer.kill('SIGKILL');
    delete process.env['THAW_PROBE_SECRET'];
    delete process.env['THAW_PROBE_PEER'];
    await stopThawd();
    await startThawd();
    rmSync(dir, { recursive: true });
  }
});
