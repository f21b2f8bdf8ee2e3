// SPDX-License-Identifier: Apache-2.0
// bash completes commands, options and names with thaw's completion script.

import { execFileSync } from 'node:child_process';
import test from 'ava';
import { COMMANDS } from '../../../../toolstack/cli/commands.js';
import { bashCompletion, zshCompletion } from '../../../../toolstack/cli/output/completion.js';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

/** Returns bash's completions for these words, the last of which is incomplete; `thaw` itself prints two names. */
function offered(...words: string[]): string[] {
  const script = `${bashCompletion(COMMANDS)}
thaw() { printf 'web\\ndb\\n'; }
COMP_WORDS=(thaw "$@"); COMP_CWORD=$#; _thaw; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

test('commands, their second words, their options', (t) => {
  t.deepEqual(offered('re'), ['restart', 'rename', 'restore']);
  t.deepEqual(offered('network', ''), ['create', 'ls', 'inspect', 'rm', 'prune']);
  t.deepEqual(offered('stop', '--t'), ['--time']);
  t.deepEqual(offered('network', 'create', '--sub'), ['--subnet']);
  t.true(offered('').includes('network'));
  t.is(offered('').filter((word) => word === 'network').length, 1);
});

test('names of what the command is for', (t) => {
  t.deepEqual(offered('stop', ''), ['web', 'db']);
  t.deepEqual(offered('stop', 'w'), ['web']);
  t.deepEqual(offered('checkpoint', 'd'), ['db']);
  t.deepEqual(offered('network', 'rm', 'd'), ['db']);
  t.deepEqual(offered('info', ''), []);
});

test('every option of every command is offered', (t) => {
  for (const { name, options } of COMMANDS) {
    const found = offered(...name.split(' '), '--');
    for (const option of Object.keys(options)) t.true(found.includes(`--${option}`), name);
  }
});

test('zsh runs the same; another shell is refused', async (t) => {
  t.true(zshCompletion(COMMANDS).startsWith('#compdef thaw\n'));
  const { client, err } = fakeClient();
  t.is(await runCommandLine(['completion', 'fish'], client, fakeEngine().engine), 2);
  t.regex(err(), /completion fish: bash, zsh/);
});
