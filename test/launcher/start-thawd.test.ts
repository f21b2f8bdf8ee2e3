// SPDX-License-Identifier: Apache-2.0
// An engine's call starts thawd if it does not run, passes none of the engine's resources to it, and continues when thawd answers.

import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { until } from '../support/within.js';

/** A program in thawd's place that prints its identity and its resources. */
async function place(t: ExecutionContext): Promise<{ dir: string; path: string; program: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-start-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const program = join(dir, 'thawd');
  const said = join(dir, 'said');
  writeFileSync(
    program,
    `#!/bin/sh
exec >${said}.new
ls /proc/self/fd | tr '\\n' ' '
readlink /proc/self/fd/0 /proc/$$/cwd
echo "\${ENGINE-clean} $(ps -o sid= -p $$ | tr -d ' ') $$"
echo once >>${dir}/times
mv ${said}.new ${said}\n`,
    { mode: 0o755 },
  );
  return { dir, path: join(dir, 'thawd.sock'), program };
}

test('it is started, detached from all that the engine has, and the command goes on when it answers', async (t) => {
  const { dir, path, program } = await place(t);
  const env = { THAW_THAWD: program, ENGINE: 'left' };
  const launched = launch(t, path, { args: ['oci', 'state', 'x'], env });
  const other = launch(t, path, { args: ['oci', 'state', 'y'], env });
  const said = join(dir, 'said');
  await until('it was started', () => existsSync(said));
  const thawd = await FakeThawd.listen(path);
  t.teardown(() => {
    thawd.kill();
  });
  for (let calls = 0; calls < 2; calls++) {
    const session = await thawd.session();
    session.done(session.request.argv.at(-1) === 'x' ? 7 : 8);
  }
  t.is(await launched.ended(), 7);
  t.is(launched.stderr, '');
  t.is(await other.ended(), 8);
  t.is(readFileSync(join(dir, 'times'), 'utf8'), 'once\n', 'of two calls one starts it');
  const [fds, cwd, line = ''] = readFileSync(said, 'utf8').trim().split('\n');
  // Its own standard streams, and ls's folder.
  t.is(fds, '0 1 2 3 /dev/null');
  t.is(cwd, '/');
  const [engine, session, pid] = line.split(' ');
  t.is(engine, 'clean');
  t.is(session, pid, 'a session of its own');
});

test('without a thawd to start it is one line, and the status of a runtime; a person’s call starts none', async (t) => {
  const { dir, path, program } = await place(t);
  const env = { THAW_THAWD: join(dir, 'none') };
  const engine = launch(t, path, { args: ['oci', 'state', 'x'], env });
  t.is(await engine.ended(), 1);
  t.regex(engine.stderr, /^thaw: Cannot reach thawd at .*: it is not running; start it with/);
  const person = launch(t, path, { args: ['ps'], env: { THAW_THAWD: program } });
  t.is(await person.ended(), 125);
  t.false(existsSync(join(dir, 'said')));
});

test('one that ends at once, and a call that is signalled, are not waited for', async (t) => {
  const { dir, path } = await place(t);
  const fails = join(dir, 'fails');
  writeFileSync(fails, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  const failed = launch(t, path, { args: ['oci', 'state', 'x'], env: { THAW_THAWD: fails } });
  t.is(await failed.ended(), 1);
  t.regex(failed.stderr, /it is not running/);
  const hangs = join(dir, 'hangs');
  writeFileSync(hangs, `#!/bin/sh\necho >${dir}/begun\nexec sleep 30\n`, { mode: 0o755 });
  const waits = launch(t, path, { args: ['oci', 'state', 'x'], env: { THAW_THAWD: hangs } });
  await until('it was started', () => existsSync(join(dir, 'begun')));
  waits.child.kill('SIGTERM');
  t.is(await waits.ended(), 1);
});

test('a call that a dying thawd never read is asked of the next one, one that it read is not', async (t) => {
  const { path, program, dir } = await place(t);
  const sockets: Socket[] = [];
  const dying = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket);
  });
  dying.listen(path);
  await once(dying, 'listening');
  const env = { THAW_THAWD: program };
  const launched = launch(t, path, { args: ['oci', 'state', 'x'], env });
  const person = launch(t, path, { args: ['ps'], env });
  await until('both have connected', () => sockets.length === 2);
  dying.close();
  for (const socket of sockets) socket.destroy();
  t.is(await person.ended(), 125);
  await until('another was started', () => existsSync(join(dir, 'said')));
  const thawd = await FakeThawd.listen(path);
  t.is((await thawd.session()).request.argv.at(-1), 'x');
  thawd.kill();
  t.is(await launched.ended(), 1);
  t.is(launched.stderr, 'thaw: Lost the connection to thawd: it ended; see its log\n');
  t.is(readFileSync(join(dir, 'times'), 'utf8'), 'once\n');
});
