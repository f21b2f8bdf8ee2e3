// SPDX-License-Identifier: Apache-2.0
// Each command line ends in an exit status, and each failure in one line on stderr.

import test from 'ava';
import type { Engine } from '../../../toolstack/api/engine.js';
import { ThawError } from '../../../toolstack/base/errors.js';
import { VERSION } from '../../../toolstack/base/version.js';
import { COMMANDS } from '../../../toolstack/cli/commands.js';
import { runCommandLine } from '../../../toolstack/cli/main.js';
import { runFailureStatus } from '../../../toolstack/runtime/errors.js';
import { fakeClient, fakeEngine } from '../../support/cli/fake-engine.js';

async function line(words: string, change: Partial<Engine> = {}) {
  const { engine, calls } = fakeEngine(change);
  const { client, out, err } = fakeClient();
  const argv = words.split(' ').filter((word) => word !== '');
  const status = await runCommandLine(argv, client, engine, runFailureStatus);
  return { status, out: out(), err: err(), calls };
}

test('help lists every command, and asks nothing of the engine', async (t) => {
  for (const words of ['', '--help', '-h', 'help']) {
    const { status, out, err, calls } = await line(words);
    t.is(status, 0);
    for (const { name, summary } of COMMANDS)
      t.regex(out, new RegExp(`^  ${name} +${summary}$`, 'm'));
    t.deepEqual([err, calls], ['', []]);
  }
});

test('each command has help with its options and an example', async (t) => {
  for (const command of COMMANDS) {
    for (const words of [`${command.name} --help`, `help ${command.name}`]) {
      const { status, out, calls } = await line(words);
      t.is(status, 0, words);
      t.true(out.startsWith(`Usage: thaw ${command.name} [OPTION...]`), words);
      for (const name of Object.keys(command.options)) t.true(out.includes(`--${name}`), name);
      t.true(command.examples.every((example) => out.includes(example)));
      t.deepEqual(calls, []);
    }
  }
});

test('help lines fit a terminal', async (t) => {
  for (const command of COMMANDS)
    for (const row of (await line(`${command.name} --help`)).out.split('\n'))
      t.true(row.length <= 100);
});

test('--help behind the image belongs to the command in the container', async (t) => {
  const { status, calls } = await line('run busybox ls --help');
  t.is(status, 0);
  t.like(calls[0]?.[1], { command: ['ls', '--help'] });
});

test('versions are shown with and without a host', async (t) => {
  t.is((await line('--version')).out, `thaw ${VERSION}\n`);
  t.is((await line('version')).out, `thaw ${VERSION}\nXen 4.20.0\n`);
});

test('an unknown command or option is status 2 with one line', async (t) => {
  for (const words of [
    'frobnicate',
    'ps --frobnicate',
    'ps web',
    'run',
    'kill',
    'rm',
    'logs a b',
  ]) {
    const { status, out, err, calls } = await line(words);
    t.is(status, 2, words);
    t.is(out, '', words);
    t.regex(err, /^thaw: [^\n]+--help\n$/, words);
    t.deepEqual(calls, [], words);
  }
});

const failing = (code: string) => () => Promise.reject(new ThawError(code, 'It\nfailed'));

test('a failed run is 125, 126 or 127, any other 125, a wrong value 2', async (t) => {
  const run = async (code: string) => (await line('run busybox', { run: failing(code) })).status;
  t.is(await run('ERR_MEMORY'), 125);
  t.is(await run('ERR_USAGE'), 125);
  t.is(await run('ERR_AGENT_CMD_NOEXEC'), 126);
  t.is(await run('ERR_AGENT_CMD_NOENT'), 127);
  t.is((await line('kill web', { kill: failing('ERR_CONTAINER_STATE') })).status, 125);
  t.is((await line('rename web x', { rename: failing('ERR_USAGE') })).status, 2);
});

test('a failure is one line with its causes, whatever they hold', async (t) => {
  const error = new ThawError('ERR_X', 'Cannot\npull', { cause: new Error('no\r\nnet') });
  const { err } = await line('pull x', { pull: () => Promise.reject(error) });
  t.is(err, 'thaw: Cannot pull: no net\n');
});

test('what throws at once is a failure too', async (t) => {
  const list = (): never => {
    throw new ThawError('ERR_NO_THAWD', 'thawd is not running');
  };
  const { status, err } = await line('ps', { list });
  t.is(status, 125);
  t.is(err, 'thaw: thawd is not running\n');
});

test('a run whose process was not joined has the status it came with', async (t) => {
  const run = () => Promise.resolve({ joined: false as const, status: 42 });
  t.is((await line('run busybox', { run })).status, 42);
});
