// SPDX-License-Identifier: Apache-2.0
// Commands, options and names complete, as bash and zsh ask for them.

import { execFileSync } from 'node:child_process';
import test from 'ava';
import { COMMANDS } from '../../../../toolstack/cli/commands.js';
import { complete, completionScript } from '../../../../toolstack/cli/output/complete.js';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

/** Resolves with the completions of these words, the last of which is incomplete. yargs leaves the choice by its beginning to the shell. */
async function offered(...words: string[]): Promise<string[]> {
  const all = await complete(COMMANDS, ['thaw', ...words], 'bash', fakeEngine().engine);
  return all.filter((word) => word.startsWith(words.at(-1) ?? ''));
}

test('commands, their second words, their options', async (t) => {
  t.deepEqual(await offered('re'), ['restart', 'rename', 'restore']);
  t.deepEqual(await offered('network', ''), ['create', 'ls', 'inspect', 'rm', 'prune']);
  t.deepEqual(await offered('stop', '--t'), ['--time']);
  t.deepEqual(await offered('network', 'create', '--sub'), ['--subnet']);
  t.deepEqual(await offered('--v'), ['--version']);
  t.is((await offered('')).filter((word) => word === 'network').length, 1);
  t.deepEqual(await offered('nonsense', ''), []);
});

test('names of what a word or an option is for', async (t) => {
  t.deepEqual(await offered('stop', ''), ['web']);
  t.deepEqual(await offered('stop', 'x'), []);
  t.deepEqual(await offered('stop', 'web', 'w'), ['web']);
  t.deepEqual(await offered('checkpoint', 'w'), ['web']);
  t.deepEqual(await offered('run', '--rm', 'busy'), ['busybox:latest']);
  t.deepEqual(await offered('network', 'rm', ''), ['shop']);
  t.deepEqual(await offered('pod', 'inspect', ''), ['shop']);
  t.deepEqual(await offered('volume', 'rm', ''), ['data']);
  t.deepEqual(await offered('unfreeze', ''), ['web']);
  t.deepEqual(await offered('run', '--network', ''), ['shop']);
  t.deepEqual(await offered('run', '-d', '--pod', 's'), ['shop']);
});

test('words without names are left to the shell', async (t) => {
  const words = [
    ['info', ''],
    ['cp', ''],
    ['run', '--env-file', ''],
    ['run', 'busybox:latest', ''],
    ['run', 'busybox:latest', '-'],
    ['volume', 'create', ''],
    ['rename', 'web', ''],
  ];
  for (const line of words) t.deepEqual(await offered(...line), [], line.join(' '));
});

test('every option of every command is offered', async (t) => {
  for (const { name, options } of COMMANDS) {
    const found = await offered(...name.split(' '), '--');
    for (const option of Object.keys(options)) t.true(found.includes(`--${option}`), name);
  }
});

test('zsh gets a description behind each, and names with their colons escaped', async (t) => {
  const { engine } = fakeEngine();
  const inZsh = (...words: string[]) => complete(COMMANDS, ['thaw', ...words], 'zsh', engine);
  t.true((await inZsh('')).includes('run:Run a command in a new container'));
  t.true((await inZsh('')).includes('network:Commands: create, ls, inspect, rm, prune'));
  t.true((await inZsh('run', '--')).some((line) => /^--network:\w+/.test(line)));
  t.deepEqual(await inZsh('history', ''), ['busybox\\:latest']);
});

test('without thawd commands and options complete, and names do not', async (t) => {
  const { engine } = fakeEngine({
    list: () => {
      throw new Error('thawd is not running');
    },
  });
  t.deepEqual(await complete(COMMANDS, ['thaw', 'stop', ''], 'bash', engine), []);
});

test('bash completes by the script that thaw prints, and the shell that asks counts', async (t) => {
  const { client, out } = fakeClient();
  const { SHELL } = process.env;
  t.is(await runCommandLine(['completion', 'bash'], client, fakeEngine().engine), 0);
  t.is(process.env['SHELL'], SHELL);
  const script = `${out()}
thaw() { [ "$SHELL $*" = 'bash --get-yargs-completions thaw stop w' ] && printf 'web\\ndb\\n'; }
COMP_WORDS=(thaw stop w); COMP_CWORD=2; _thaw_yargs_completions; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, SHELL: '/bin/zsh' };
  t.is(execFileSync('bash', ['-c', script], { encoding: 'utf8', env }), 'web\n');
});

test('thaw answers the script; zsh has one of its own; another shell is refused', async (t) => {
  const { client, out, err } = fakeClient();
  const { engine } = fakeEngine();
  const words = ['--get-yargs-completions', 'thaw', 'volume', 'rm', ''];
  t.is(await runCommandLine(words, client, engine), 0);
  t.is(out(), 'data\n');
  t.true(completionScript('zsh').startsWith('#compdef thaw\n'));
  t.true(completionScript('zsh').includes('SHELL=zsh thaw --get-yargs-completions'));
  t.is(await runCommandLine(['completion', 'fish'], client, engine), 2);
  t.regex(err(), /completion fish: bash, zsh/);
});
