// SPDX-License-Identifier: Apache-2.0
// Commands for any number of containers send the right request for each. A failure of one does not skip the rest.

import test from 'ava';
import { ThawError } from '../../../../../toolstack/base/errors.js';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { CONTAINER, fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

async function line(words: string, engine = fakeEngine()) {
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words.split(' '), client, engine.engine);
  return { status, out: out(), err: err(), calls: engine.calls };
}

test('kill sends KILL unless told otherwise, to each', async (t) => {
  const { calls, out } = await line('kill a b');
  t.deepEqual(calls, [
    ['kill', 'a', 9],
    ['kill', 'b', 9],
  ]);
  t.is(out, 'a\nb\n');
  t.deepEqual((await line('kill -s INT a')).calls, [['kill', 'a', 2]]);
  t.deepEqual((await line('kill -TERM a')).calls, [['kill', 'a', 15]]);
});

test('a wrong signal is status 2, and no container gets any', async (t) => {
  const { status, calls } = await line('kill -s NONE a');
  t.is(status, 2);
  t.deepEqual(calls, []);
});

test('each command asks for its own', async (t) => {
  const asked: [string, unknown[][]][] = [
    ['rm a b', [['remove', 'a', false], ['remove', 'b', false]]], // prettier-ignore
    ['rm -f a', [['remove', 'a', true]]],
    ['rm -t 3 a', [['stop', 'a', 3], ['remove', 'a', true]]], // prettier-ignore
    ['start a', [['start', 'a', { attach: false, interactive: false }]]],
    ['start -a a', [['start', 'a', { attach: true, interactive: false }]]],
    ['start -i a', [['start', 'a', { attach: true, interactive: true }]]],
    ['stop a', [['stop', 'a', undefined]]],
    ['stop -t -1 a', [['stop', 'a', -1]]],
    ['restart -t 0 a', [['restart', 'a', 0]]],
    ['pause a', [['pause', 'a']]],
    ['unpause a', [['unpause', 'a']]],
    ['rename a b', [['rename', 'a', 'b']]],
    ['update -m 64m --cpus 1.5 a', [['update', 'a', { memoryBytes: 2 ** 26, cpus: 1.5 }]]],
    ['update --pids-limit -1 --restart on-failure:2 a', [['update', 'a', { pidsLimit: -1, restart: { name: 'on-failure', retries: 2 } }]]], // prettier-ignore
    ['attach --no-stdin a', [['attach', 'a', { stdin: false }]]],
    ['logs a', [['logs', 'a', { follow: false, timestamps: false }]]],
    ['logs -f -t --tail 5 a', [['logs', 'a', { follow: true, timestamps: true, tail: 5 }]]],
    ['logs --tail all --since 5 a', [['logs', 'a', { follow: false, timestamps: false, since: 5000 }]]], // prettier-ignore
  ];
  for (const [words, calls] of asked) {
    const result = await line(words);
    t.deepEqual(result.calls, calls, words);
    t.is(result.status, 0, words);
  }
});

test('--all is every container for which it means something', async (t) => {
  const states = { up: 'running', held: 'paused', made: 'created', over: 'exited' } as const;
  const all = Object.entries(states).map(([name, state]) => ({ ...CONTAINER, name, state }));
  const expected: Record<string, string> = {
    'stop --all': 'up held',
    'kill --all': 'up',
    'pause --all': 'up',
    'unpause --all': 'held',
    'start --all': 'made over',
    'rm --all': 'made over',
    'rm --all --force': 'up held made over',
  };
  for (const [words, names] of Object.entries(expected))
    t.is((await line(words, fakeEngine({ list: () => all }))).out, names.replaceAll(/ |$/g, '\n'));
});

test('no container, or one beside --all, is no command line', async (t) => {
  for (const verb of ['stop', 'start', 'restart', 'kill', 'pause', 'unpause', 'rm']) {
    t.is((await line(verb)).status, 2, verb);
    t.is((await line(`${verb} --all web`)).status, 2, verb);
  }
});

const failing = (code: string) => () =>
  fakeEngine({
    remove: (name) =>
      name === 'b' ? Promise.reject(new ThawError(code, 'no b')) : Promise.resolve('id'),
  });

test('a failure is a line and a status, and the others have their turn', async (t) => {
  const engine = failing('ERR_X');
  const { status, out, err } = await line('rm a b c', engine());
  t.deepEqual([status, out, err], [125, 'a\nc\n', 'thaw: no b\n']);
});

test('rm tells one that is not there from one that runs, and --ignore and --force want none there', async (t) => {
  const missing = failing('ERR_CONTAINER_NOT_FOUND');
  t.is((await line('rm a b', missing())).status, 1);
  t.is((await line('rm a b', failing('ERR_CONTAINER_STATE')())).status, 2);
  for (const option of ['--ignore', '--force']) {
    const { status, out, err } = await line(`rm ${option} a b`, missing());
    t.deepEqual([status, out, err], [0, 'a\n', '']);
  }
});

test('wait prints each status in turn, and goes on after one that is not there', async (t) => {
  const wait = (name: string) =>
    name === 'b'
      ? Promise.reject(new ThawError('ERR_CONTAINER_NOT_FOUND', 'no b'))
      : Promise.resolve(name.length);
  const { status, out, err } = await line('wait a b ccc', fakeEngine({ wait }));
  t.deepEqual([status, out, err], [125, '1\n3\n', 'thaw: no b\n']);
});
