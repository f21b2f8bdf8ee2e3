// SPDX-License-Identifier: Apache-2.0
// kill, rm and logs ask for what was said, one container after the other.

import test from 'ava';
import { ThawError } from '../../../toolstack/base/errors.js';
import { signalNumber } from '../../../toolstack/cli/containers.js';
import { runCommandLine } from '../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../support/fake-engine.js';

test('a signal is a number or a name, with or without SIG, in any case', (t) => {
  for (const text of ['15', 'TERM', 'SIGTERM', 'term', 'sigterm'])
    t.is(signalNumber(text), 15, text);
  t.is(signalNumber('KILL'), 9);
  t.is(signalNumber('64'), 64);
  for (const text of ['', '0', '65', '-9', 'SIG', 'NONE', '9x', '1.5'])
    t.throws(() => signalNumber(text), { code: 'ERR_USAGE' }, text);
});

async function line(words: string[], engine = fakeEngine()) {
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words, client, engine.engine);
  return { status, out: out(), err: err(), calls: engine.calls };
}

test('kill sends KILL unless told otherwise, to each', async (t) => {
  const { calls, out } = await line(['kill', 'a', 'b']);
  t.deepEqual(calls, [
    ['kill', 'a', 9],
    ['kill', 'b', 9],
  ]);
  t.is(out, 'a\nb\n');
  t.deepEqual((await line(['kill', '-s', 'INT', 'a'])).calls, [['kill', 'a', 2]]);
});

test('a wrong signal is status 2, and no container gets any', async (t) => {
  const { status, calls } = await line(['kill', '-s', 'NONE', 'a']);
  t.is(status, 2);
  t.deepEqual(calls, []);
});

test('rm removes each, by force where told', async (t) => {
  t.deepEqual((await line(['rm', 'a', 'b'])).calls, [
    ['remove', 'a', false],
    ['remove', 'b', false],
  ]);
  t.deepEqual((await line(['rm', '-f', 'a'])).calls, [['remove', 'a', true]]);
});

test('the first failure ends it, after what went before', async (t) => {
  const engine = fakeEngine({
    remove: (name) =>
      name === 'b' ? Promise.reject(new ThawError('ERR_X', 'no b')) : Promise.resolve('id'),
  });
  const { status, out, err } = await line(['rm', 'a', 'b', 'c'], engine);
  t.deepEqual([status, out, err], [1, 'a\n', 'thaw: no b\n']);
});

test('logs asks for one container', async (t) => {
  t.deepEqual((await line(['logs', 'web'])).calls, [['logs', 'web']]);
});
