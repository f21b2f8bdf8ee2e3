// SPDX-License-Identifier: Apache-2.0
// Hooks get the state and their own words and environment; the first that fails, hangs or is not there ends it, and is named.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkHooks, runHooks, type Hook } from '../../../toolstack/oci/hooks.js';

const sh = (script: string, change: Partial<Hook> = {}): Hook => ({
  ...{ path: '/bin/sh', args: ['hook', '-c', script], env: [], ...change },
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
    [{ path: '/no/such', args: [], env: [] }, /^hooks\.poststart\[1\] \/no\/such .*ENOENT/],
    [sh('sleep 100', { timeoutMs: 200 }), /did not end within its timeout of 0\.2 s$/],
  ] as const)
    await t.throwsAsync(runHooks('poststart', [sh('cat'), hook, sh('exit 9')], run), {
      ...{ code: 'ERR_OCI_HOOK', message },
    });
});

test('what nobody wants any more is killed, with what it started', async (t) => {
  const stop = new AbortController();
  const signal = stop.signal;
  const ran = runHooks('prestart', [sh('sleep 100 & wait')], { state: '{}', cwd: '/', signal });
  stop.abort(new Error('gone'));
  await t.throwsAsync(ran, { message: 'gone' });
});

test('they are checked', (t) => {
  const none = {
    prestart: [],
    createRuntime: [],
    createContainer: [],
    poststart: [],
    poststop: [],
  };
  t.deepEqual(checkHooks(undefined), none);
  t.deepEqual(checkHooks({ poststop: [{ path: '/a', timeout: 2 }], prestart: null }), {
    ...none,
    poststop: [{ path: '/a', args: [], env: [], timeoutMs: 2000 }],
  });
  for (const [hooks, message] of [
    [[], /hooks: an object is wanted/],
    [{ prestart: [{ path: 'a' }] }, /hooks\.prestart\[0\]\.path: "a" is no absolute path/],
    [{ poststop: [{ path: '/a', timeout: 0 }] }, /hooks\.poststop\[0\]\.timeout/],
    [{ poststart: [{ path: '/a', env: [1] }] }, /hooks\.poststart\[0\]\.env\[0\]/],
  ] as const)
    t.throws(() => checkHooks(hooks), { code: 'ERR_OCI_CONFIG', message });
});
