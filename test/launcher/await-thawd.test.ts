// SPDX-License-Identifier: Apache-2.0
// A thawd that opens its socket itself is starting: the lock beside the socket shows this, and a command waits.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { until, within } from '../support/within.js';

const WAITS = 'thaw: Waiting for thawd, which is starting\n';

async function socketPath(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-starting-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'thawd.sock');
}

/** A process that holds the lock as the start script does. */
async function holdLock(t: ExecutionContext, path: string): Promise<ChildProcess> {
  const holder = spawn(
    'flock',
    ['--no-fork', `${path}.lock`, 'sh', '-c', 'echo held; exec sleep 600'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.teardown(() => holder.kill('SIGKILL'));
  await within(10_000, 'the lock to be held', () => once(holder.stdout, 'data'));
  return holder;
}

async function serve(t: ExecutionContext, path: string): Promise<FakeThawd> {
  const thawd = await FakeThawd.listen(path);
  t.teardown(() => {
    thawd.kill();
  });
  return thawd;
}

test('the command waits, says so once after a second, and goes on when thawd listens', async (t) => {
  const path = await socketPath(t);
  await holdLock(t, path);
  const launched = launch(t, path, { args: ['ps'] });
  await until('it is said', () => launched.stderr !== '');
  await delay(1500);
  const thawd = await serve(t, path);
  const session = await thawd.session();
  t.deepEqual(session.request.argv.slice(1), ['ps']);
  session.done(7);
  t.is(await launched.ended(), 7);
  t.is(launched.stderr, WAITS);
});

test('a start of less than a second is waited for without a word', async (t) => {
  const path = await socketPath(t);
  const holder = await holdLock(t, path);
  const launched = launch(t, path, { args: ['ps'] });
  await delay(200);
  const thawd = await serve(t, path);
  holder.kill('SIGKILL');
  (await thawd.session()).done(0);
  t.is(await launched.ended(), 0);
  t.is(launched.stderr, '');
});

test('a start that fails, and a lock that nobody holds, end the command with the remedy', async (t) => {
  const path = await socketPath(t);
  const holder = await holdLock(t, path);
  const launched = launch(t, path, { args: ['ps'] });
  await until('it waits', () => launched.stderr === WAITS);
  holder.kill('SIGKILL');
  t.is(await launched.ended(), 125);
  t.regex(
    launched.stderr.slice(WAITS.length),
    /^thaw: Cannot reach thawd at .*: it is not running; start it/,
  );
  t.true(existsSync(`${path}.lock`));
  const next = launch(t, path, { args: ['ps'] });
  t.is(await next.ended(), 125);
  t.regex(next.stderr, /^thaw: Cannot reach thawd at .*: it is not running; start it/);
});

test('the wait has a deadline, and a signal ends it', async (t) => {
  const path = await socketPath(t);
  await holdLock(t, path);
  const late = launch(t, path, { args: ['ps'], env: { THAW_WAIT: '2' } });
  const signalled = launch(t, path, { args: ['ps'] });
  await until('it waits', () => signalled.stderr === WAITS);
  signalled.child.kill('SIGINT');
  t.is(await signalled.ended(), 130);
  t.is(await late.ended(), 125);
  t.is(
    late.stderr,
    `${WAITS}thaw: Cannot reach thawd at ${path}: it is starting, or stuck, and does not take the command; see its log\n`,
  );
});

test('what works without thawd does not wait', async (t) => {
  const path = await socketPath(t);
  await holdLock(t, path);
  const started = Date.now();
  for (const args of [['--version'], ['run', '--help'], ['doctor']]) {
    const launched = launch(t, path, { args });
    // The checked program is no installation, so it has no offline script.
    t.is(await launched.ended(), 125);
    t.notRegex(launched.stderr, /Waiting/);
  }
  t.true(Date.now() - started < 20_000);
});

test('a socket that systemd holds for a thawd that starts is waited at with the same word, any other without', async (t) => {
  const path = await socketPath(t);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const busy = launch(t, path, { args: ['ps'], env: { THAW_WAIT: '3' } });
  t.is(await busy.ended(), 125);
  t.notRegex(busy.stderr, /Waiting/);
  await holdLock(t, path);
  const starting = launch(t, path, { args: ['ps'], env: { THAW_WAIT: '3' } });
  t.is(await starting.ended(), 125);
  t.true(starting.stderr.startsWith(WAITS));
});

test('an engine’s call starts no second thawd beside one that starts, and says nothing', async (t) => {
  const path = await socketPath(t);
  const program = `${path}.program`;
  writeFileSync(program, `#!/bin/sh\necho >${path}.begun\n`, { mode: 0o755 });
  await holdLock(t, path);
  const launched = launch(t, path, { args: ['oci', 'state', 'x'], env: { THAW_THAWD: program } });
  await delay(1500);
  const thawd = await serve(t, path);
  (await thawd.session()).done(3);
  t.is(await launched.ended(), 3);
  t.is(launched.stderr, '');
  t.false(existsSync(`${path}.begun`));
});
