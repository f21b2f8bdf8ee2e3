// SPDX-License-Identifier: Apache-2.0
// thawd's handling of a container's stats files in dom0: reads stats before a pause, and removes mounts of a killed stand-in.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  rememberStatsFiles,
  unmountStatsFiles,
} from '../../../../../toolstack/frontends/oci/engine/stats-files.js';

test('what is mounted over its files goes, and the files stay', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-stats-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['cpu.stat', 'memory.current', 'cgroup.procs'])
    writeFileSync(join(folder, name), 'own');
  const current = join(folder, 'memory.current');
  execFileSync('mount', ['--bind', '/proc/version', current]);
  t.not(readFileSync(current, 'utf8'), 'own');
  await unmountStatsFiles(folder);
  t.is(readFileSync(current, 'utf8'), 'own');
  await unmountStatsFiles(folder);
  t.is(readFileSync(join(folder, 'cpu.stat'), 'utf8'), 'own');
});

test('a cgroup that is gone, or none, is no error', async (t) => {
  await unmountStatsFiles('/nowhere');
  await rememberStatsFiles('/nowhere');
  await rememberStatsFiles('');
  t.pass();
});
