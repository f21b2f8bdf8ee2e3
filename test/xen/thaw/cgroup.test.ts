// SPDX-License-Identifier: Apache-2.0
// Each sandbox's processes in dom0 are in a cgroup with limits.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { once } from '../../support/once.js';
import {
  busybox,
  killThawd,
  list,
  pidsOf,
  run,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

/** The cgroup of a process, below the mount of cgroup v2. */
const cgroupOf = (pid: number): string =>
  /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
const folderOf = (pid: number): string => join('/sys/fs/cgroup', cgroupOf(pid));

function checkLimits(t: ExecutionContext, folder: string): void {
  const limit = (file: string): string => readFileSync(join(folder, file), 'utf8').trim();
  t.is(Number(limit('memory.max')) >> 12, Math.floor(totalmem() / 2) >> 12);
  t.is(limit('pids.max'), '256');
  t.is(limit('../cpu.weight'), '50');
}

once('a sandbox’s shim and file servers are in its cgroup, whose limits hold', async (t) => {
  t.timeout(300_000);
  const share = mkdtempSync('/srv/thaw-cgroup-');
  t.teardown(async () => {
    await thaw(['rm', '--force', 'counted', 'second']);
    rmSync(share, { recursive: true });
  });
  const started = await run([
    '-d',
    '--name',
    'counted',
    '-v',
    `${share}:/data`,
    busybox,
    'sleep',
    '1000',
  ]);
  t.is(started.status, 0, started.stderr);
  await run(['-d', '--name', 'second', busybox, 'sleep', '1000']);
  const { id = '' } = (await list()).find(({ name }) => name === 'counted') ?? {};
  t.not(id, '');
  const servers = pidsOf(/thaw-shim --files/);
  t.true(servers.length > 0);
  const folder = folderOf(servers[0] ?? 0);
  checkLimits(t, folder);
  const inside = readFileSync(join(folder, 'cgroup.procs'), 'utf8').match(/\d+/g) ?? [];
  t.true(inside.length > servers.length, 'the shim is there too');
  const shims = pidsOf(/thaw-shim --domid /).map(cgroupOf);
  t.is(new Set(shims).size, shims.length, 'each sandbox has its own');
  await killThawd();
  await startThawd();
  t.deepEqual(
    readFileSync(join(folder, 'cgroup.procs'), 'utf8').match(/\d+/g),
    inside,
    'the next thawd leaves it alone',
  );
  await thaw(['rm', '--force', 'counted']);
  await until(
    'nobody is in the cgroup',
    () => readFileSync(join(folder, 'cgroup.procs'), 'utf8') === '',
  );
  t.true(pidsOf(/thaw-shim --domid /).length > 0, 'the other sandbox is not touched');
});
