// SPDX-License-Identifier: Apache-2.0
// Requests that cannot work end in an exit status and one line that names the problem and the remedy. Nothing is left, and thawd lives.

import test, { type ExecutionContext } from 'ava';
import { holdings } from '../../support/dom0/leaks.js';
import { once } from '../../support/once.js';
import {
  busybox,
  images,
  list,
  runWords,
  run,
  running,
  startThaw,
  startThawd,
  stopThawd,
  stopWithPool,
  thaw,
  thawdPid,
  type Outcome,
} from '../../support/dom0/thaw.js';

/** Checks the status, that stderr is one matching line, and that thawd is unchanged. */
function refused(t: ExecutionContext, outcome: Outcome, status: number, line: RegExp): void {
  t.is(outcome.stdout, '');
  t.regex(outcome.stderr, /^thaw: [^\n]+\n$/);
  t.regex(outcome.stderr, line);
  t.is(outcome.status, status);
}

let pid = 0;
test.before(() => {
  pid = thawdPid();
});

test.afterEach.always(async (t) => {
  if (t.title.includes('another thawd')) return;
  t.is(thawdPid(), pid, 'thawd is alive and the same');
  t.deepEqual(await list(), []);
});

once('an image that is not there', async (t) => {
  refused(t, await run(['oci:/nowhere/image:latest', 'true']), 125, /nowhere/);
  refused(t, await thaw(['pull', `oci:${images}/busybox:no-such-tag`]), 125, /no-such-tag/);
});

for (const [file, pattern] of [
  ['corrupt.tar', /corrupt/i],
  ['dotdot.tar', /\.\./],
  ['device.tar', /device/],
  ['arm64.tar', /arm64|architecture|platform/i],
  ['diff-id.tar', /digest|diff|checksum/i],
  ['link-outside.tar', /link/],
] as const) {
  once(`the bad image ${file}`, async (t) => {
    refused(t, await run([`oci-archive:${images}/bad/${file}`, 'true']), 125, pattern);
  });
}

once('memory below what boots and above what the host has', async (t) => {
  refused(t, await run(['--memory', '4m', busybox, 'true']), 125, /--memory 4 MiB: from 6 MiB to/);
  refused(
    t,
    await run(['--memory', '100t', busybox, 'true']),
    125,
    /--memory 100 TiB: from 6 MiB to/,
  );
  refused(
    t,
    await run(['--memory', '5500m', busybox, 'true']),
    125,
    /Xen has .* free, .* too little/,
  );
  refused(t, await run(['--memory', 'lots', busybox, 'true']), 2, /--memory "lots".*64m/);
});

once('CPUs, types, names, users and options that are none', async (t) => {
  refused(t, await run(['--cpus', '0', busybox, 'true']), 125, /--cpus 0/);
  refused(t, await run(['--cpus', '1000', busybox, 'true']), 125, /--cpus 1000/);
  refused(t, await thaw(['run', '--type', 'hvm', busybox, 'true']), 2, /--type hvm: pv, pvh/);
  refused(t, await run(['--name', '../x', busybox, 'true']), 125, /name "\.\.\/x"/);
  refused(t, await run(['-u', 'nobody-knows', busybox, 'true']), 125, /nobody-knows/);
  refused(
    t,
    await run(['--no-such-option', busybox, 'true']),
    2,
    /no-such-option.*thaw run --help/,
  );
  refused(t, await thaw(['run']), 2, /IMAGE.*thaw run --help/);
  refused(t, await thaw(['no-such-command']), 2, /no-such-command.*thaw --help/);
  refused(t, await thaw(['kill', 'nobody']), 125, /"nobody".*thaw ps/);
  refused(t, await thaw(['rm', 'nobody']), 1, /"nobody"/);
});

once('a name in use', async (t) => {
  const { done } = startThaw(runWords('--rm', '--name', 'taken', busybox, 'sleep', '600'));
  await running('taken');
  refused(t, await run(['--name', 'taken', busybox, 'true']), 125, /name "taken".*thaw rm/);
  refused(t, await thaw(['rm', 'taken']), 2, /"taken".*running.*--force/);
  t.is((await thaw(['rm', '--force', 'taken'])).status, 0);
  await done;
});

once('a start that is interrupted leaves nothing', async (t) => {
  for (const ms of [50, 400, 1500]) {
    const { child, done } = startThaw(
      runWords('--rm', '--name', 'interrupted', busybox, 'sleep', '600'),
    );
    setTimeout(() => child.kill('SIGKILL'), ms);
    await done;
    await thaw(['rm', '--force', 'interrupted']);
    for (let i = 0; i < 100 && (await list()).length > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    await thaw(['rm', '--force', 'interrupted']);
  }
  t.deepEqual(await list(), []);
});

once('thawd not running; another thawd', async (t) => {
  t.timeout(300_000);
  await stopThawd();
  refused(t, await run([busybox, 'true']), 125, /thawd.*not running.*start/);
  const doctor = await thaw(['doctor']);
  t.is(doctor.status, 1);
  t.regex(doctor.stdout, /missing +thawd.*\n.*mend it with: .*thawd/);
  t.is((await thaw(['--help'])).status, 0);
  t.regex((await thaw(['--version'])).stdout, /^thaw \d/);
  await startThawd();
  pid = thawdPid();
  t.is((await thaw(['doctor'])).status, 0);
});

once('nothing of all that is left when thawd and its pool end', async (t) => {
  await stopWithPool();
  const { domains, shims, loopDevices, runFiles } = await holdings();
  t.is(domains.length, 1);
  t.deepEqual(shims, []);
  t.deepEqual(loopDevices, []);
  t.deepEqual(
    runFiles.filter((path) => path.includes('/sandboxes/')),
    [],
  );
  await startThawd();
  pid = thawdPid();
});
