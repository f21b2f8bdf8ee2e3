// SPDX-License-Identifier: Apache-2.0
// Output that is not read, read slowly, or cannot be written.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { CHECKED_ENV, programs } from '../support/programs.js';
import { startRun } from '../support/shim/run.js';
import { Sandbox } from '../support/shim/sandbox.js';

test('thaw run yes | head -1 ends: the process learns that nobody reads', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const child = spawn(
    'bash',
    ['-c', `"$0" run yes | head -1; exit \${PIPESTATUS[0]}`, programs().thaw],
    {
      env: { ...process.env, THAW_SOCKET: thawd.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const session = await thawd.session();
  await sandbox.expect(1, 0);
  await session.join(1, 0, sandbox.socket);
  const yes = sandbox.agent.begin(1, false);
  while (!yes.unread.has(1)) await yes.write(1, 'y\n'.repeat(1000));
  yes.exit(13, 2);
  session.done(0);
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 141);
  t.is(text, 'y\n');
});

test('a reader that stalls stalls only its stream, and gets everything later', async (t) => {
  const { launched, process, session } = await startRun(t, { flags: 0 });
  launched.child.stdout?.pause();
  const big = Buffer.alloc(2 << 20, 'x');
  const writing = process.write(1, big);
  for (let i = 0; i < 20; i++) await process.write(2, Buffer.alloc(65536, 'e'));
  t.is(process.credit(1), 0);
  launched.child.stdout?.resume();
  await writing;
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
  t.is(launched.stdout.length, big.length);
  t.is(launched.stderr.length, 20 * 65536);
});

test('output into a file', async (t) => {
  const sandbox = await Sandbox.start(t);
  const path = join(sandbox.dir, 'out');
  const fd = openSync(path, 'w');
  const { launched, process, session } = await startRun(t, {
    flags: 0,
    launch: { stdio: ['ignore', fd, 'pipe'] },
  });
  closeSync(fd);
  await process.write(1, Buffer.alloc(3 << 20, 'f'));
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
  t.is(readFileSync(path).length, 3 << 20);
});

test('a full disk behind stdout: one line, and no success', async (t) => {
  const fd = openSync('/dev/full', 'w');
  const { launched, process, session } = await startRun(t, {
    flags: 0,
    launch: { stdio: ['ignore', fd, 'pipe'] },
  });
  closeSync(fd);
  await process.write(1, 'lost\n');
  await process.until('its end', () => process.unread.has(1));
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 125);
  t.is(launched.stderr, 'thaw: Cannot write to stdout: No space left on device\n');
});

test('the caller’s descriptors stay blocking', async (t) => {
  const { launched, process, session } = await startRun(t, {
    flags: 1,
    launch: { stdio: ['pipe', 'pipe', 'pipe'] },
  });
  await process.write(1, 'x');
  const flags = (fd: number): number =>
    parseInt(
      /flags:\s+(\d+)/.exec(
        readFileSync(`/proc/${launched.child.pid}/fdinfo/${fd}`, 'utf8'),
      )?.[1] ?? '',
      8,
    );
  for (const fd of [0, 1, 2]) t.is(flags(fd) & 0o4000, 0);
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
});

for (const [name, redirect] of [
  ['stdin', '<&-'],
  ['stdout', '>&-'],
  ['stderr', '2>&-'],
  ['all', '<&- >&- 2>&-'],
] as const) {
  test(`started with ${name} closed`, async (t) => {
    const sandbox = await Sandbox.start(t);
    const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
    t.teardown(() => {
      thawd.kill();
    });
    const child = spawn('sh', ['-c', `exec "$0" run ${redirect}`, programs().thawChecked], {
      env: { ...process.env, ...CHECKED_ENV, THAW_SOCKET: thawd.path },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const session = await thawd.session();
    await sandbox.expect(1, 1);
    await session.join(1, 1, sandbox.socket);
    const echo = sandbox.agent.begin(1);
    await echo.write(1, 'out\n');
    await echo.write(2, '');
    if (name === 'stdin' || name === 'all')
      for await (const chunk of echo.input()) t.is(chunk.length, 0);
    echo.exit(6);
    session.done(0);
    const [code] = (await once(child, 'close')) as [number];
    t.is(code, 6);
  });
}
