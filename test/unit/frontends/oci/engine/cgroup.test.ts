// SPDX-License-Identifier: Apache-2.0
// Kills a stand-in that ends slowly, and no other process of its cgroup. Folders stand in for cgroups.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { leaveCgroup } from '../../../../../toolstack/frontends/oci/engine/cgroup.js';

test('it is killed, and whoever else is there is not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-cgroup-'));
  const [own, other] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])];
  t.teardown(() => {
    other.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'cgroup.procs'), `${other.pid}\n`);
  await leaveCgroup(folder, own.pid ?? 0);
  t.is(own.signalCode, null, 'it is not in there');
  writeFileSync(join(folder, 'cgroup.procs'), `${other.pid}\n${own.pid}\n`);
  const ended = once(own, 'exit');
  await leaveCgroup(folder, own.pid ?? 0);
  t.deepEqual(await ended, [null, 'SIGKILL']);
  t.is(other.signalCode, null);
});
