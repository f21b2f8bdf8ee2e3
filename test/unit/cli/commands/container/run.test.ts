// SPDX-License-Identifier: Apache-2.0
// `thaw run`: its request to the engine, and command lines it refuses.

import test from 'ava';
import type { RunOptions } from '../../../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

/** Returns the options that reach the engine, or the status and the message. */
async function run(words: string[], isTerminal = false) {
  const { engine, calls } = fakeEngine();
  const stdin = { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal };
  const { client, err } = fakeClient({ isTerminal: stdin });
  const status = await runCommandLine(['run', ...words], client, engine);
  return { status, err: err(), options: calls[0]?.[1] as RunOptions | undefined };
}

test('an image alone has the defaults', async (t) => {
  const { status, options } = await run(['busybox']);
  t.is(status, 0);
  t.deepEqual(options, {
    image: 'busybox',
    command: [],
    interactive: false,
    tty: false,
    rm: false,
    env: [],
    pull: 'missing',
    tlsVerify: true,
    detach: false,
  });
});

test('every option reaches the engine', async (t) => {
  const words =
    '--rm -i -t --name web -e A=1 -e B --workdir /w -u 1:2 --entrypoint /e -h host -m 64m --cpus 1.5 --type pv';
  const rest = '--pull never --tls-verify=false busybox cmd --flag';
  const { options } = await run([...words.split(' '), ...rest.split(' ')], true);
  t.deepEqual(options, {
    image: 'busybox',
    command: ['cmd', '--flag'],
    interactive: true,
    tty: true,
    rm: true,
    env: ['A=1', 'B'],
    name: 'web',
    workdir: '/w',
    user: '1:2',
    entrypoint: '/e',
    hostname: 'host',
    memoryBytes: 64 * 2 ** 20,
    cpus: 1.5,
    type: 'pv',
    pull: 'never',
    tlsVerify: false,
    detach: false,
  });
});

test('values that make no sense are refused with the option named, and nothing is run', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['--cpus', 'two'], /--cpus two/],
    [['--cpus', '-1'], /./],
    [['--type', 'hvm'], /--type hvm: pv, pvh/],
    [['--pull', 'often'], /--pull often/],
    [['--tls-verify', 'maybe'], /--tls-verify maybe/],
    [['--hostname', 'a b'], /--hostname a b/],
    [['--hostname', '-a'], /./],
    [['--hostname', 'a'.repeat(64)], /63/],
    [['--memory', 'much'], /--memory "much"/],
  ];
  for (const [words, message] of wrong) {
    const { status, err, options } = await run([...words, 'busybox']);
    t.is(options, undefined, words.join(' '));
    t.true([2, 125].includes(status), words.join(' '));
    t.regex(err, message);
    t.is(err.trimEnd().split('\n').length, 1);
  }
});

test('a terminal with input needs one to take it from', async (t) => {
  t.is((await run(['-it', 'busybox'])).status, 2);
  t.is((await run(['-it', 'busybox'], true)).status, 0);
  t.is((await run(['-t', 'busybox'])).status, 0);
  t.is((await run(['-i', 'busybox'])).status, 0);
});
