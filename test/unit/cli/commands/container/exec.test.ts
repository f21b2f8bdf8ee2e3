// SPDX-License-Identifier: Apache-2.0
// `thaw exec`: its request to the engine, and command lines it refuses.

import test from 'ava';
import type { ExecOptions } from '../../../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { ContainerError, runFailureStatus } from '../../../../../toolstack/runtime/errors.js';
import { fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

/** Returns the container and the options that reach the engine, or the status and the message. */
async function exec(words: string[], isTerminal = false) {
  const { engine, calls } = fakeEngine();
  const stdin = { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal };
  const { client, err } = fakeClient({ isTerminal: stdin });
  const status = await runCommandLine(['exec', ...words], client, engine);
  const [, container, options] = calls[0] ?? [];
  return { status, err: err(), container, options: options as ExecOptions | undefined };
}

test('a container and a command alone have the defaults', async (t) => {
  const { status, container, options } = await exec(['web', 'ps']);
  t.is(status, 0);
  t.is(container, 'web');
  t.deepEqual(options, {
    command: ['ps'],
    interactive: false,
    tty: false,
    detach: false,
    env: [],
  });
});

test('every option reaches the engine, and what follows the container is the command', async (t) => {
  const words = ['-i', '-t', '-e', 'A=1', '--env', 'B', '-w', '/w', '-u', '1:2', 'web'];
  const { options } = await exec([...words, 'ls', '-i', '--user', 'x'], true);
  t.deepEqual(options, {
    command: ['ls', '-i', '--user', 'x'],
    interactive: true,
    tty: true,
    detach: false,
    env: ['A=1', 'B'],
    workdir: '/w',
    user: '1:2',
  });
  t.true((await exec(['-d', 'web', 'sleep', '9'])).options?.detach);
});

test('what makes no sense is refused in one line, and nothing is run', async (t) => {
  const wrong: [string[], RegExp][] = [
    [[], /CONTAINER COMMAND/],
    [['web'], /CONTAINER COMMAND/],
    [['-it', 'web', 'sh'], /--tty/],
    [['-d', '-i', 'web', 'sh'], /--detach/],
    [['-e', '=x', 'web', 'sh'], /--env/],
    [['-w', 'tmp', 'web', 'sh'], /--workdir "tmp"/],
    [['--nonesuch', 'web', 'sh'], /nonesuch/],
  ];
  for (const [words, message] of wrong) {
    const { status, err, options } = await exec(words);
    t.is(options, undefined, words.join(' '));
    t.is(status, 2, words.join(' '));
    t.regex(err, message);
    t.is(err.trimEnd().split('\n').length, 1);
  }
});

test('failures have the statuses that those of run have', async (t) => {
  for (const [code, expected] of [
    ['ERR_AGENT_CMD_NOENT', 127],
    ['ERR_AGENT_CMD_NOEXEC', 126],
    ['ERR_CONTAINER_STATE', 125],
    ['ERR_CONTAINER_NOT_FOUND', 125],
  ] as const) {
    const failing = () => Promise.reject(new ContainerError(code, 'It failed'));
    const { engine } = fakeEngine({ exec: failing });
    const { client, err } = fakeClient();
    const words = ['exec', 'web', 'x'];
    t.is(await runCommandLine(words, client, engine, runFailureStatus), expected, code);
    t.is(err(), 'thaw: It failed\n');
  }
});
