// SPDX-License-Identifier: Apache-2.0
// thaw checkpoint and restore: their requests to the engine, their output, and command lines they refuse.

import test from 'ava';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { CONTAINER, fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

async function line(words: string) {
  const { engine, calls } = fakeEngine();
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words.split(' '), client, engine);
  return { status, out: out(), err: err(), calls };
}

test('a checkpoint prints what it was asked for', async (t) => {
  const { status, out, calls } = await line('checkpoint --export w.ckpt web');
  t.deepEqual([status, out], [0, 'web\n']);
  t.deepEqual(calls, [['checkpoint', 'web', { path: 'w.ckpt', leavesRunning: false }]]);
  for (const words of ['checkpoint -R -e f web', 'container checkpoint --leave-running -e f web'])
    t.deepEqual((await line(words)).calls, [
      ['checkpoint', 'web', { path: 'f', leavesRunning: true }],
    ]);
});

test('a restore prints the id', async (t) => {
  const { status, out, calls } = await line('restore --import w.ckpt');
  t.deepEqual([status, out], [0, `${CONTAINER.id}\n`]);
  t.deepEqual(calls, [['restore', { path: 'w.ckpt' }]]);
  const ports = [{ hostIp: '', hostPort: 81, containerPort: 80, protocol: 'tcp' }];
  t.deepEqual((await line('container restore -i f -n two -p 81:80')).calls, [
    ['restore', { path: 'f', name: 'two', ports }],
  ]);
});

test('without a file, or with words too many or too few, they are not understood', async (t) => {
  for (const words of [
    'checkpoint web',
    'checkpoint --export= web',
    'checkpoint -e f',
    'checkpoint -e f a b',
    'restore',
    'restore web',
    'restore -i f web',
    'restore -i f -p x',
  ]) {
    const { status, err, calls } = await line(words);
    t.is(status, 2, words);
    t.regex(err, /^thaw: [^\n]+\n$/, words);
    t.deepEqual(calls, [], words);
  }
});
