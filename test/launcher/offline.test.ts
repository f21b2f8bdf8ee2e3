// SPDX-License-Identifier: Apache-2.0
// Commands that work without thawd, and the message of those that do not.

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { COMMANDS } from '../../toolstack/cli/commands.js';
import { programs } from '../support/programs.js';

/** An installation: DIR/lib/thaw/bin/thaw, a stand-in for the offline script, a link in DIR/bin. */
function install(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'thaw-offline-'));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const library = join(dir, 'lib/thaw');
  mkdirSync(join(library, 'bin'), { recursive: true });
  mkdirSync(join(library, 'dist/toolstack/cli'), { recursive: true });
  mkdirSync(join(dir, 'bin'));
  copyFileSync(programs().thaw, join(library, 'bin/thaw'));
  chmodSync(join(library, 'bin/thaw'), 0o755);
  writeFileSync(
    join(library, 'dist/toolstack/cli/offline.js'),
    'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;',
  );
  symlinkSync('../lib/thaw/bin/thaw', join(dir, 'bin/thaw'));
  chmodSync(dir, 0o755);
  return dir;
}

function thaw(dir: string, args: string[], env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  return spawnSync(join(dir, 'bin/thaw'), args, {
    encoding: 'utf8',
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      THAW_SOCKET: join(dir, 'sock'),
      ...env,
    },
  });
}

test('help, version, completion and doctor are answered by the offline script', (t) => {
  const dir = install(t);
  for (const args of [
    [],
    ['help', 'run'],
    ['--help'],
    ['-h'],
    ['--version'],
    ['doctor', '--json'],
    ['completion', 'bash'],
    ['--get-yargs-completions', 'thaw', 'ru'],
    ['run', '--help'],
    ['ps', '-h'],
  ]) {
    const { status, stdout } = thaw(dir, args);
    t.is(status, 3);
    t.deepEqual(JSON.parse(stdout), args);
  }
});

test('help on a command of two words is answered by the offline script', (t) => {
  const dir = install(t);
  const pairs = COMMANDS.map(({ name }) => name.split(' ')).filter(({ length }) => length === 2);
  // One command of each noun: the launcher looks at the noun alone.
  const nouns = new Map(pairs.map(([noun, verb]) => [noun, [noun ?? '', verb ?? '', '--help']]));
  t.true(nouns.size > 1);
  for (const args of nouns.values()) {
    const { status, stdout } = thaw(dir, args);
    t.is(status, 3, args.join(' '));
    t.deepEqual(JSON.parse(stdout), args);
  }
});

test('any other command: one line with the remedy, status 125', (t) => {
  const dir = install(t);
  for (const args of [['ps'], ['run', 'image', 'ls', '--help'], ['run', '--', '--help']]) {
    const { status, stdout, stderr } = thaw(dir, args);
    t.is(status, 125);
    t.is(stdout, '');
    t.is(
      stderr,
      `thaw: Cannot reach thawd at ${join(dir, 'sock')}: it is not running; start it with: systemctl start thawd (or: thawd &)\n`,
    );
  }
});

test('a socket that a dead thawd left says the same', async (t) => {
  const dir = install(t);
  const server = createServer();
  server.listen(join(dir, 'sock'));
  await once(server, 'listening');
  symlinkSync('sock', join(dir, 'dead'));
  spawnSync('mv', [join(dir, 'sock'), join(dir, 'moved')]);
  server.close();
  const { status, stderr } = thaw(dir, ['ps'], { THAW_SOCKET: join(dir, 'moved') });
  t.is(status, 125);
  t.regex(stderr, /it is not running/);
});

test('no permission: says who may', async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('skipped: becoming another user needs root');
    t.pass();
    return;
  }
  const dir = install(t);
  const server = createServer();
  server.listen(join(dir, 'sock'));
  await once(server, 'listening');
  t.teardown(() => server.close());
  chmodSync(join(dir, 'sock'), 0o600);
  const { status, stderr } = spawnSync(
    'setpriv',
    ['--reuid=65534', '--clear-groups', join(dir, 'bin/thaw'), 'ps'],
    {
      encoding: 'utf8',
      env: { THAW_SOCKET: join(dir, 'sock') },
    },
  );
  t.is(status, 125);
  t.regex(stderr, /permission denied; run thaw as root or as a member of the socket's group/);
});

test('no Node.js: says what to install', (t) => {
  const dir = install(t);
  const { status, stderr } = thaw(dir, ['help'], { PATH: '/nonexistent' });
  t.is(status, 125);
  t.regex(
    stderr,
    /^thaw: Cannot run node: No such file or directory; install Node.js 20 or later\n/,
  );
});

test('a socket path that is too long is named', (t) => {
  const dir = install(t);
  const { status, stderr } = thaw(dir, ['ps'], { THAW_SOCKET: `/${'x'.repeat(200)}` });
  t.is(status, 125);
  t.regex(stderr, /File name too long/);
});

test('where thawd does not take the command in time, it is said, and what works offline works', async (t) => {
  const dir = install(t);
  const server = createServer();
  // Nothing reads from this server, as while systemd holds the socket of a starting thawd: this process blocks for its child meanwhile.
  server.listen(join(dir, 'sock'));
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { status, stdout, stderr } = thaw(dir, ['ps'], { THAW_WAIT: '1' });
  t.is(status, 125);
  t.is(stdout, '');
  t.is(
    stderr,
    `thaw: Cannot reach thawd at ${join(dir, 'sock')}: it is starting, or stuck, and does not take the command; see its log\n`,
  );
  const doctor = thaw(dir, ['doctor'], { THAW_WAIT: '1' });
  t.is(doctor.status, 3);
  t.deepEqual(JSON.parse(doctor.stdout), ['doctor']);
});
