// SPDX-License-Identifier: Apache-2.0
// thawd receives folder, arguments and environment completely, at any size.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { CHECKED_ENV, programs } from '../support/programs.js';

async function thawdAlone(t: ExecutionContext): Promise<{ thawd: FakeThawd; dir: string }> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'thaw-launcher-')));
  const thawd = await FakeThawd.listen(join(dir, 'thawd.sock'));
  t.teardown(async () => {
    thawd.kill();
    await rm(dir, { recursive: true, force: true });
  });
  return { thawd, dir };
}

test('folder, arguments, environment and terminals', async (t) => {
  const { thawd, dir } = await thawdAlone(t);
  const launched = launch(t, thawd.path, {
    args: ['run', '', 'a b', 'ü', '--', '-x'],
    cwd: dir,
    env: { THAW_TEST_EMPTY: '', THAW_TEST_LINES: 'a\nb=c' },
  });
  const session = await thawd.session();
  t.is(session.request.cwd, dir);
  t.deepEqual(session.request.argv.slice(1), ['run', '', 'a b', 'ü', '--', '-x']);
  t.true(session.request.env.includes('THAW_TEST_EMPTY='));
  t.true(session.request.env.includes('THAW_TEST_LINES=a\nb=c'));
  t.deepEqual(session.request.ttys, { stdin: false, stdout: false, stderr: false });
  session.done(0);
  t.is(await launched.ended(), 0);
});

test('no environment at all', async (t) => {
  const { thawd } = await thawdAlone(t);
  const child = spawn('env', ['-i', `THAW_SOCKET=${thawd.path}`, programs().thaw, 'ps'], {
    stdio: 'ignore',
  });
  const session = await thawd.session();
  t.deepEqual(session.request.env, [`THAW_SOCKET=${thawd.path}`]);
  session.done(0);
  const [code] = (await once(child, 'exit')) as [number];
  t.is(code, 0);
});

// One argument is at most 128 KiB. The kernel accepts 2 MiB of them, and more with an unlimited stack.
const BIG =
  'ulimit -Ss unlimited; a=$(head -c 100000 /dev/zero | tr "\\0" x); set --; i=0; while [ $i -lt $N ]; do set -- "$@" "$a"; i=$((i+1)); done; exec "$THAW" "$@"';

test('2 MiB of arguments', async (t) => {
  const { thawd } = await thawdAlone(t);
  const env = {
    ...process.env,
    ...CHECKED_ENV,
    N: '21',
    THAW: programs().thawChecked,
    THAW_SOCKET: thawd.path,
  };
  const child = spawn('sh', ['-c', BIG], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const session = await thawd.session();
  t.is(session.request.argv.length, 22);
  t.is(session.request.argv.join('').length, 2_100_000 + programs().thawChecked.length);
  session.done(7);
  const [code] = (await once(child, 'exit')) as [number];
  t.is(code, 7);
});

test('more than fits in a request: one line, status 125', async (t) => {
  const { thawd } = await thawdAlone(t);
  const env = {
    ...process.env,
    ...CHECKED_ENV,
    N: '45',
    THAW: programs().thawChecked,
    THAW_SOCKET: thawd.path,
  };
  const child = spawn('sh', ['-c', BIG], { env, stdio: ['ignore', 'inherit', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 125);
  t.regex(
    text,
    /^thaw: Cannot send the command: its arguments and environment take \d+ bytes; at most 4194304 fit\n$/,
  );
});

test('a folder that was removed', async (t) => {
  const { thawd, dir } = await thawdAlone(t);
  const script = 'mkdir "$DIR/gone" && cd "$DIR/gone" && rmdir "$DIR/gone" && exec "$THAW" ps';
  const env = {
    ...process.env,
    ...CHECKED_ENV,
    DIR: dir,
    THAW: programs().thawChecked,
    THAW_SOCKET: thawd.path,
  };
  const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const session = await thawd.session();
  t.is(session.request.cwd, '');
  session.done(0);
  const [code] = (await once(child, 'exit')) as [number];
  t.is(code, 0);
});
