// SPDX-License-Identifier: Apache-2.0
// Lying or silent guests and a full disk end in one line and an exit status. Nothing is left behind, and thawd lives.

import { mkdir, rm, symlink } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { holdings } from '../../support/dom0/leaks.js';
import { isOnce, once } from '../../support/once.js';
import {
  busybox,
  command,
  run,
  startThawd,
  stopThawd,
  thaw,
  thawdPid,
  until,
} from '../../support/dom0/thaw.js';

const folder = '/run/thaw-test';
const guests = process.env['THAW_TEST_GUESTS'] ?? '/mnt/tests/guests';

test.before(async () => {
  if (!isOnce) return;
  await stopThawd();
  await mkdir(folder, { recursive: true });
});

test.after.always(async () => {
  if (!isOnce) return;
  await rm(folder, { recursive: true, force: true });
  await startThawd();
});

/** Runs `body` with a thawd of its own state and options. Checks afterwards that this thawd is alive and that no domain is left. */
async function withThawd(
  t: ExecutionContext,
  options: string[],
  body: () => Promise<void>,
): Promise<void> {
  await startThawd(['--pool', '0', '--pool-max', '0', ...options]);
  const pid = thawdPid();
  try {
    await body();
    t.is(thawdPid(), pid);
    t.is((await thaw(['ps'])).status, 0);
    await until('dom0 is alone', async () => {
      const { domains, shims, loopDevices } = await holdings();
      return domains.length === 1 && shims.length === 0 && loopDevices.length === 0;
    });
  } finally {
    await stopThawd();
  }
}

async function guestWith(initrd: string): Promise<string> {
  const guest = `${folder}/${initrd}`;
  await mkdir(guest, { recursive: true });
  for (const name of ['vmlinux', 'cmdline'])
    await symlink(`/usr/lib/thaw/guest/${name}`, `${guest}/${name}`);
  await symlink(`${guests}/${initrd}`, `${guest}/initrd`);
  return guest;
}

once('a guest that never says hello', async (t) => {
  t.timeout(300_000);
  const options = [
    '--state',
    `${folder}/state-silent`,
    '--guest',
    await guestWith('silent'),
    '--hello-timeout',
    '15',
  ];
  await withThawd(t, options, async () => {
    const { status, stderr } = await run([busybox, 'true']);
    t.is(status, 125);
    t.regex(
      stderr,
      /^thaw: Cannot freeze domain thaw-template-\S+: [^\n]*console[^\n]*: Agent did not say hello within 15 s[^\n]*\n$/,
    );
  });
});

once('a guest that speaks garbage', async (t) => {
  t.timeout(300_000);
  const options = ['--state', `${folder}/state-garbage`, '--guest', await guestWith('garbage')];
  await withThawd(t, options, async () => {
    const { status, stderr } = await run([busybox, 'true']);
    t.is(status, 125);
    t.regex(
      stderr,
      /^thaw: Cannot freeze domain [^\n]*initrd are not of this thaw: (Frame of \d+ bytes|The agent)[^\n]*\n$/,
    );
  });
});

once('a full disk', async (t) => {
  t.timeout(300_000);
  const state = `${folder}/small`;
  await mkdir(state, { recursive: true });
  await command('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'small', state]);
  try {
    await withThawd(t, ['--state', state], async () => {
      const { status, stderr } = await run([busybox, 'true']);
      t.is(status, 125);
      t.regex(stderr, /^thaw: [^\n]*(space|full|free)[^\n]*\n$/i);
    });
  } finally {
    await command('umount', [state]);
  }
});
