// SPDX-License-Identifier: Apache-2.0
// A guest sends from its own addresses alone, on a real kernel: guests are network namespaces, and bridge, settings and packet rules are those of thaw.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { Report } from '../../support/network/spoof-main.js';
import { SYSTEM_PATH } from '../../support/network/system-path.js';

const MAIN = fileURLToPath(new URL('../../support/network/spoof-main.js', import.meta.url));
const SCRIPT = 'mount -t sysfs none /sys && mount -t tmpfs none /run && exec "$0" "$1"';

const HONEST = ['IPv4', 'ARP', 'probe', 'IPv6', 'link-local', 'neighbour', 'DAD'];
const OWN = { honest: HONEST, foreign: [], ruling: [] };

test('a neighbour receives the own frames of a guest and no forged one', async (t) => {
  t.timeout(120_000);
  const words = ['--net', '--mount', 'sh', '-c', SCRIPT, process.execPath, MAIN];
  const { stdout } = await promisify(execFile)('unshare', words, {
    timeout: 110_000,
    env: SYSTEM_PATH,
  });
  const report = JSON.parse(stdout) as Report;
  t.deepEqual(report.bound, OWN);
  t.deepEqual(report.free.honest, HONEST);
  t.is(
    report.free.foreign.length,
    10,
    'the forged frames are sound: a guest that may send them does',
  );
  t.deepEqual(report.free.ruling, [], 'nor is such a guest a router');
  t.deepEqual(report.pastBridge, { walled: 0, open: 1 }, 'frames for the bridge itself');
  t.deepEqual(report.reloaded, OWN);
  t.deepEqual(report.healed, OWN);
  t.deepEqual(report.waiting, { honest: [], foreign: [], ruling: [] });
  t.true(report.learned.bound < 40, `${report.learned.bound} MACs`);
  t.true(report.learned.free > 500, 'a guest that may send from any MAC fills the table');
  t.true(report.learned.free < 1100, `up to its bound: ${report.learned.free}`);
  t.is(report.left, 5, 'the elements of a guest go with it');
});
