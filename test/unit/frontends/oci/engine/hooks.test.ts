// SPDX-License-Identifier: Apache-2.0
// Hooks get the state, their arguments and their environment. The first that fails, hangs or is missing ends the sequence and is named.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Hook } from '../../../../../toolstack/frontends/oci/config/hooks.js';
import { runHooks } from '../../../../../toolstack/frontends/oci/engine/hooks.js';
import { until } from '../../../../support/within.js';

const sh = (script: string, change: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['hook', '-c', script],
  env: [],
  timeoutMs: 60_000,
  ...change,
});

test('one after the other, each with the state, its words, its environment alone and the folder', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-hooks-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const script = 'echo "$1 $A ${HOME-none} $(pwd) $(cat)" >>out';
  const hook = (word: string) => sh('', { args: ['x', '-c', script, '0', word], env: ['A=b=c'] });
  await runHooks('prestart', [hook('one'), hook('two')], { state: '{"id":1}', cwd: folder });
  const line = (word: string) => `${word} b=c none ${folder} {"id":1}\n`;
  t.is(await readFile(join(folder, 'out'), 'utf8'), line('one') + line('two'));
});

test('the first that fails ends it', async (t) => {
  const run = { state: '{}', cwd: '/' };
  for (const [hook, message] of [
    [sh('echo no >&2; exit 3'), /^hooks\.poststart\[1\] \/bin\/sh ended with status 3: no$/],
    [sh('kill -9 $$'), /was ended by SIGKILL$/],
    [sh('exit 1'), /ended with status 1$/],
    [{ ...sh(''), path: '/no/such' }, /^hooks\.poststart\[1\] \/no\/such .*ENOENT/],
    [sh('sleep 100', { timeoutMs: 200 }), /did not end within its timeout of 0\.2 s$/],
  ] as const)
    await t.throwsAsync(runHooks('poststart', [sh('cat'), hook, sh('exit 9')], run), {
      code: 'ERR_OCI_HOOK',
      message,
    });
});

test('what nobody wants any more is killed, with what it started', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'thaw-hooks-'));
  t.teardown(() => rm(cwd, { recursive: true }));
  const stop = new AbortController();
  const { signal } = stop;
  const hook = sh('sleep 100 & echo $! >pid.new; mv pid.new pid; wait');
  const ran = runHooks('prestart', [hook], { state: '{}', cwd, signal });
  await until('it runs', () => existsSync(join(cwd, 'pid')));
  const pid = (await readFile(join(cwd, 'pid'), 'utf8')).trim();
  stop.abort(new Error('gone'));
  await t.throwsAsync(ran, { message: 'gone' });
  // The process that adopts it may leave it a zombie.
  const isOver = () =>
    !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  await until('what it started is gone', isOver);
});

test('nothing runs for long where nobody wants it from the beginning', async (t) => {
  const signal = AbortSignal.abort(new Error('gone'));
  const ran = runHooks('prestart', [sh('sleep 100')], { state: '{}', cwd: '/', signal });
  await t.throwsAsync(ran, { message: 'gone' });
});
