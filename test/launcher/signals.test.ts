// SPDX-License-Identifier: Apache-2.0
// Signals to the launcher reach thawd before a process is joined, and the process afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { programs } from '../support/programs.js';
import { startRun } from '../support/shim/run.js';
import { Sandbox } from '../support/shim/sandbox.js';

const NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCONT: 18,
} as const;

test('signals reach the process, each one once', async (t) => {
  const { launched, process, session } = await startRun(t, { flags: 0 });
  for (const [name, number] of Object.entries(NUMBERS)) {
    launched.child.kill(name as NodeJS.Signals);
    await process.until(name, () => process.signals.includes(number));
  }
  t.deepEqual(process.signals, Object.values(NUMBERS));
  process.exit(15, 2);
  session.done(0);
  t.is(await launched.ended(), 143);
});

test('signals that come before the process has begun reach it when it has', async (t) => {
  const { launched, sandbox, session } = await startRun(t, { flags: 0, begun: false });
  launched.child.kill('SIGUSR1');
  launched.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const process = sandbox.agent.begin(1, false);
  await process.until('both', () => process.signals.length === 2);
  t.deepEqual(process.signals, [10, 15]);
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
});

test('before the JOIN: CANCEL to thawd; a second one ends the launcher at once', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const polite = launch(t, thawd.path);
  const first = await thawd.session();
  polite.child.kill('SIGTERM');
  t.is((await first.peer.nextOf(ApiType.CANCEL)).arg, 15);
  first.done(143);
  t.is(await polite.ended(), 143);

  const hasty = launch(t, thawd.path);
  const second = await thawd.session();
  hasty.child.kill('SIGINT');
  await second.peer.nextOf(ApiType.CANCEL);
  hasty.child.kill('SIGINT');
  t.is(await hasty.ended(), 130);
});

test('SIGUSR1 before the JOIN is nothing', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  launched.child.kill('SIGUSR1');
  await new Promise((resolve) => setTimeout(resolve, 50));
  session.done(0);
  t.is(await launched.ended(), 0);
});

test('a signal while thawd cleans up ends the launcher with the process’s status', async (t) => {
  const { launched, process } = await startRun(t, { flags: 0 });
  process.exit(9);
  await new Promise((resolve) => setTimeout(resolve, 200));
  launched.child.kill('SIGINT');
  t.is(await launched.ended(), 9);
});

test('what the caller ignores stays ignored', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const child = spawn('sh', ['-c', `trap '' HUP; exec "$0" run image`, programs().thaw], {
    env: { ...process.env, THAW_SOCKET: thawd.path },
    stdio: 'ignore',
  });
  const session = await thawd.session();
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  t.is((await session.peer.nextOf(ApiType.CANCEL)).arg, 15);
  session.done(143);
  const [code] = (await once(child, 'exit')) as [number];
  t.is(code, 143);
});
