// SPDX-License-Identifier: Apache-2.0
// Starts a hundred containers together, lists, queries, stops and removes them, and checks that nothing is left. Takes too long for
// scripts/test: run scripts/test hundred.

import { existsSync } from 'node:fs';
import test from 'ava';
import { holdings } from '../../support/dom0/leaks.js';
import {
  busybox,
  list,
  runWords,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

const COUNT = 100;
/** Each in a domain of 32 MiB: a hundred of these fit into the lab. */
const MEMORY = '16m';
const names = Array.from({ length: COUNT }, (_, index) => `hundred-${index}`);

const settled = () =>
  until(
    'the last domain and its name to go',
    async () => {
      const now = await holdings();
      const hasNames = now.runFiles.some((path) => path.startsWith('/run/thaw/dns/'));
      return now.domains.length === 1 && now.shims.length === 0 && !hasNames ? now : undefined;
    },
    120_000,
  );

test.serial('a hundred containers live at once, and leave nothing', async (t) => {
  t.timeout(2_400_000);
  await stopThawd();
  await startThawd(['--pool', '0', '--pool-max', '0']);
  // With a disk, like the hundred: xenstore keeps the empty directory of such devices.
  t.is((await thaw(runWords('--name', 'first', '--memory', MEMORY, busybox, 'true'))).status, 0);
  t.is((await thaw(['rm', 'first'])).status, 0);
  // Includes the log of the name server, which starts a moment after a container that runs this long.
  t.is((await thaw(runWords('-d', '--name', 'first', busybox, 'sleep', '100'))).status, 0);
  await until('the name server to run', () => existsSync('/run/thaw/dns.log'));
  t.is((await thaw(['rm', '--force', 'first'])).status, 0);
  const before = await settled();

  const startedAt = Date.now();
  const started = await Promise.all(
    names.map((name) =>
      thaw(runWords('-d', '--name', name, '--memory', MEMORY, busybox, 'sleep', '3600')),
    ),
  );
  t.deepEqual(
    started.filter(({ status }) => status !== 0).map(({ stderr }) => stderr),
    [],
  );
  t.log(`started: ${Date.now() - startedAt} ms`);
  const listed = (await list()).filter(({ state }) => state === 'running');
  t.deepEqual(listed.map(({ name }) => name).sort(), [...names].sort());
  t.is(new Set(listed.map(({ domid }) => domid)).size, COUNT);

  const askedAt = Date.now();
  const answers = await Promise.all(names.map((name) => thaw(['exec', name, 'hostname'])));
  const ids = new Map(listed.map(({ name, id }) => [name, id.slice(0, 12)]));
  t.deepEqual(
    answers.map(({ stdout }) => stdout.trim()),
    names.map((name) => ids.get(name)),
  );
  t.log(`asked: ${Date.now() - askedAt} ms`);

  const stoppedAt = Date.now();
  t.is((await thaw(['stop', '--time', '1', ...names])).status, 0);
  t.deepEqual(
    (await list()).filter(({ state }) => state !== 'exited'),
    [],
  );
  t.is((await thaw(['rm', ...names])).status, 0);
  t.log(`stopped and removed: ${Date.now() - stoppedAt} ms`);
  const after = await settled();
  for (const name of [
    ...(['domains', 'xenstoreNodes', 'loopDevices', 'mounts', 'mappings'] as const),
    ...(['thawdDescriptors', 'runFiles', 'stateFiles', 'libxlHelpers'] as const),
  ])
    t.deepEqual(after[name], before[name], name);
});
