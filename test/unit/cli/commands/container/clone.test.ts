// SPDX-License-Identifier: Apache-2.0
// thaw clone: its request to the engine, its output, and command lines it refuses.

import test from 'ava';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

async function line(words: string) {
  const { engine, calls } = fakeEngine();
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words.split(' '), client, engine);
  return { status, out: out(), err: err(), calls };
}

test('the names of the clones are printed, one a line', async (t) => {
  const { status, out, calls } = await line('clone --count 2 --name twin --rm web');
  t.is(status, 0);
  t.is(out, 'clone-0\nclone-1\n');
  t.deepEqual(calls, [['clone', 'web', { count: 2, name: 'twin', rm: true }]]);
  t.deepEqual((await line('clone web')).calls, [['clone', 'web', { count: 1, rm: false }]]);
});

test('a number that is none, and more or less than one container, are refused', async (t) => {
  for (const words of [
    'clone',
    'clone a b',
    'clone --count 0 a',
    'clone --count x a',
    'clone -n 1.5 a',
  ]) {
    const { status, err, calls } = await line(words);
    t.is(status, 2, words);
    t.regex(err, /^thaw: [^\n]+\n$/, words);
    t.deepEqual(calls, [], words);
  }
});
