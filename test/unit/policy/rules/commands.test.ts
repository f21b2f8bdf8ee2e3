// SPDX-License-Identifier: Apache-2.0
// Every command and every option of thaw is classified. A new one fails here until somebody decides who may use it.

import test from 'ava';
import { COMMANDS } from '../../../../toolstack/cli/commands.js';
import {
  COMMAND_RIGHTS,
  rightOf,
  useOf,
  verbOf,
  verbProblem,
} from '../../../../toolstack/policy/rules/commands.js';

test('each command has its rights, and no right is of a command that does not exist', (t) => {
  const names = COMMANDS.map(({ name }) => name).sort();
  t.deepEqual(Object.keys(COMMAND_RIGHTS).sort(), names);
});

test('each option of each command has its use, and no use is of an option that does not exist', (t) => {
  for (const { name, options } of COMMANDS) {
    const rights = COMMAND_RIGHTS[name];
    const listed = [rights?.plain, rights?.reads, rights?.host]
      .flatMap((list = '') => list.split(' '))
      .filter((option) => option !== '');
    t.deepEqual(listed.sort(), Object.keys(options).sort(), name);
  }
});

test('a longer name has the rights of the shorter one', (t) => {
  for (const name of Object.keys(COMMAND_RIGHTS)) {
    t.is(rightOf(name), rightOf(verbOf(name)), name);
    t.true(Object.hasOwn(COMMAND_RIGHTS, verbOf(name)), name);
  }
  t.is(verbOf('image pull'), 'pull');
  t.is(verbOf('image ls'), 'images');
  t.is(verbOf('container checkpoint'), 'checkpoint');
});

test('a command or an option without an entry is root’s alone', (t) => {
  t.is(rightOf('new'), 'root');
  t.is(rightOf('toString'), 'root');
  t.is(useOf('run', 'new'), undefined);
  t.is(useOf('constructor', 'name'), undefined);
  t.is(useOf('run', 'cidfile'), 'host');
  t.is(useOf('run', 'env-file'), 'reads');
});

test('options that name host paths are known by their help', (t) => {
  for (const { name, options } of COMMANDS)
    for (const [option, { describe, type }] of Object.entries(options))
      if (type === 'string' && /\b[Ff]ile\b/.test(describe) && useOf(name, option) === 'plain')
        t.fail(`--${option} of thaw ${name} names a file, and it is plain: ${describe}`);
  t.pass();
});

test('a pattern of verbs allows at least one command', (t) => {
  t.is(verbProblem('run', false), undefined);
  t.is(verbProblem('volume *', false), undefined);
  t.regex(verbProblem('network create', false) ?? '', /root's alone/);
  t.is(verbProblem('network create', true), undefined);
  t.regex(verbProblem('image ls', false) ?? '', /no command/);
});
