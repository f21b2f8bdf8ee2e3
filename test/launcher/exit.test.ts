// SPDX-License-Identifier: Apache-2.0
// The launcher's exit status and message for every way in which a command can end.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { startRun } from '../support/shim/run.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** enum thaw_process_flag */
const PART = 2048;

async function thawdAlone(t: ExecutionContext): Promise<FakeThawd> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-launcher-'));
  const thawd = await FakeThawd.listen(join(dir, 'thawd.sock'));
  t.teardown(async () => {
    thawd.kill();
    await rm(dir, { recursive: true, force: true });
  });
  return thawd;
}

test('exit codes 0 to 255 and death by signals 1 to 64', async (t) => {
  t.timeout(120_000);
  const sandbox = await Sandbox.start(t, { release: true });
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const run = async (id: number, value: number, kind: number): Promise<number | NodeJS.Signals> => {
    const launched = launch(t, thawd.path, { release: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const session = await thawd.session();
    await sandbox.expect(id, 0);
    await session.join(id, 0, sandbox.socket);
    sandbox.agent.begin(id, false).exit(value, kind);
    session.done(0);
    return launched.ended();
  };
  for (let code = 0; code <= 255; code++) t.is(await run(1 + code, code, 1), code);
  for (let signal = 1; signal <= 64; signal++)
    t.is(await run(300 + signal, signal, 2), 128 + signal);
});

test('a command without a process: thawd’s output and status are the launcher’s', async (t) => {
  const thawd = await thawdAlone(t);
  const launched = launch(t, thawd.path, { args: ['ps'] });
  const session = await thawd.session();
  session.output(1, 'NAME\n');
  session.output(2, 'warning\n');
  session.output(1, Buffer.alloc(3_000_000, 'x'));
  session.done(2);
  t.is(await launched.ended(), 2);
  t.is(launched.stdout.length, 3_000_005);
  t.is(launched.stderr, 'warning\n');
});

test('after a JOIN a status of thawd’s other than 0 counts', async (t) => {
  const { launched, process, session } = await startRun(t);
  process.exit(3);
  session.done(125);
  t.is(await launched.ended(), 125);
});

test('a process that could not be started: thawd’s status and words, at once', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  await sandbox.expect(1);
  await session.join(1, 1, sandbox.socket);
  session.output(2, 'thaw: Cannot run nonesuch: not found\n');
  session.done(127);
  t.is(await launched.ended(), 127);
  t.is(launched.stderr, 'thaw: Cannot run nonesuch: not found\n');
  t.is(await sandbox.quit(), 0, sandbox.note);
});

test('the exit waits for thawd’s clean-up', async (t) => {
  const { launched, process, session } = await startRun(t);
  process.exit(3);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.is(launched.child.exitCode, null);
  session.done(0);
  t.is(await launched.ended(), 3);
});

test('the exit waits no longer than 30 s for thawd', async (t) => {
  t.timeout(60_000);
  const { launched, process } = await startRun(t);
  process.exit(3);
  const started = Date.now();
  t.is(await launched.ended(40_000), 3);
  t.true(Date.now() - started > 28_000);
});

test('a process that is a part of the command: thawd is waited for, however long it goes on', async (t) => {
  t.timeout(120_000);
  const { launched, process, session } = await startRun(t, { flags: 0, joinFlags: PART });
  process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 32_000));
  t.is(launched.child.exitCode, null);
  session.output(1, 'made\n');
  session.done(0);
  t.is(await launched.ended(), 0);
  t.is(launched.stdout.toString(), 'made\n');
});

test('a command that is interrupted after its part did not succeed', async (t) => {
  const { launched, process, session } = await startRun(t, { flags: 0, joinFlags: PART });
  process.exit(0);
  session.output(1, 'goes on\n');
  while (launched.stdout.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  // A signal that arrives before the launcher learns of the end goes to the process.
  const again = setInterval(() => launched.child.kill('SIGINT'), 300);
  t.is(await launched.ended(), 130);
  clearInterval(again);
});

test('a part that fails: the status is thawd’s, or the part’s own', async (t) => {
  const { launched, process, session } = await startRun(t, { flags: 0, joinFlags: PART });
  process.exit(9);
  session.done(0);
  t.is(await launched.ended(), 9);
});

test('a lost sandbox: one line with the reason, status 125', async (t) => {
  const { launched, process, session, sandbox } = await startRun(t);
  await process.write(1, 'until here\n');
  sandbox.agent.peer.socket.end();
  session.done(0);
  t.is(await launched.ended(), 125);
  t.is(launched.stdout.toString(), 'until here\n');
  t.is(launched.stderr, 'thaw: Lost the container: agent closed the channel\n');
});

test('a shim that was killed: one line, status 125', async (t) => {
  const { launched, session, sandbox } = await startRun(t);
  sandbox.shim.kill('SIGKILL');
  session.done(0);
  t.is(await launched.ended(), 125);
  t.is(
    launched.stderr,
    'thaw: Lost the container’s streams: its thaw-shim ended\n'.replace('’', "'"),
  );
});

test('a shim that is not there: one line, status 125, and thawd sees the launcher go', async (t) => {
  const thawd = await thawdAlone(t);
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  await t.throwsAsync(session.join(1, 0, '/nonexistent/shim.sock'));
  t.is(await launched.ended(), 125);
  t.regex(launched.stderr, /^thaw: Cannot reach the sandbox's shim at \/nonexistent.*No such file/);
});

test('a process that the shim does not know: its words, status 125', async (t) => {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  await t.throwsAsync(session.join(7, 0, sandbox.socket));
  t.is(await launched.ended(), 125);
  t.is(launched.stderr, 'thaw: Cannot attach: no such process\n');
});

test('garbage from thawd is the end of its connection', async (t) => {
  const thawd = await thawdAlone(t);
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  session.peer.raw(Buffer.alloc(64, 0xee));
  t.is(await launched.ended(), 125);
  t.is(launched.stderr, 'thaw: Lost the connection to thawd: it ended; see its log\n');
});
