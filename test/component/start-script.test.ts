// SPDX-License-Identifier: Apache-2.0
// thawd's start script holds the lock that tells `thaw` that thawd is starting. thawd's children do not inherit it.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const SCRIPT = fileURLToPath(new URL('../../../scripts/lib/thawd.sh', import.meta.url));
const THAWD = fileURLToPath(new URL('../support/shim/starting-thawd.js', import.meta.url));
const AS_THAWD = `exec ${process.execPath} ${THAWD}`;

/** Runs the commands as root of a mount namespace with an empty /run. `node` is the program that the start script finds under that name. */
function inOwnRun(t: ExecutionContext, node: string, commands: string): string | undefined {
  if (process.getuid?.() !== 0) {
    t.log('skipped: a mount namespace needs root');
    t.pass();
    return undefined;
  }
  const dir = mkdtempSync(join(tmpdir(), 'thaw-start-script-'));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'node'), `#!/bin/sh\n${node}\n`, { mode: 0o755 });
  copyFileSync(SCRIPT, join(dir, 'thawd'));
  const script = `mount -t tmpfs -o mode=755 run /run && ${commands}`;
  const { stdout, stderr, status } = spawnSync('unshare', ['-m', 'sh', '-c', script], {
    encoding: 'utf8',
    env: { PATH: `${dir}:/usr/sbin:/usr/bin:/sbin:/bin`, THAWD: join(dir, 'thawd') },
    timeout: 60_000,
  });
  t.is(stderr, '');
  t.is(status, 0);
  return stdout;
}

test('the lock is held until thawd gives it back, and is root’s alone', (t) => {
  const listing = 'echo && stat -c "%a %n" /run/thaw /run/thaw/*';
  const said = inOwnRun(t, AS_THAWD, `sh "$THAWD" && ${listing}`);
  if (said === undefined) return;
  const [result = '', ...files] = said.trim().split('\n');
  t.deepEqual(JSON.parse(result), { starting: true, listening: false });
  t.deepEqual(files, ['711 /run/thaw', '600 /run/thaw/thawd.sock.lock']);
});

test('a second thawd starts without the lock while a first one has it', (t) => {
  const lock = '/run/thaw/thawd.sock.lock';
  const first = `mkdir -m 711 /run/thaw && touch ${lock} && flock ${lock}`;
  const said = inOwnRun(t, AS_THAWD, `${first} sh "$THAWD"`);
  if (said === undefined) return;
  t.deepEqual(JSON.parse(said), { starting: true, listening: true });
});

test('a user who may not have the lock starts without', (t) => {
  const said = inOwnRun(
    t,
    'echo "node ${THAW_STARTING_FD-without}"',
    'setpriv --reuid=65534 --clear-groups sh "$THAWD" --help && ls /run',
  );
  if (said === undefined) return;
  t.is(said, 'node without\n');
});
