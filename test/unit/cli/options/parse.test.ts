// SPDX-License-Identifier: Apache-2.0
// Words become options up to the first word that is no option. Unknown options are refused.

import test from 'ava';
import { flag, stringList, stringOption } from '../../../../toolstack/cli/command.js';
import { logsCommand } from '../../../../toolstack/cli/commands/container/query/logs.js';
import { parseCommand } from '../../../../toolstack/cli/options/parse.js';
import { psCommand } from '../../../../toolstack/cli/commands/container/query/ps.js';
import { runCommand } from '../../../../toolstack/cli/commands/container/run.js';

const parseRun = (...words: string[]) => parseCommand(runCommand, words);

test('options end at the image; what follows is the command, whatever it looks like', (t) => {
  const parsed = parseRun('-it', '--rm', 'busybox', 'ls', '-la', '--rm', '--', '-e', '7', '07');
  t.deepEqual(parsed.positional, ['busybox', 'ls', '-la', '--rm', '--', '-e', '7', '07']);
  for (const name of ['interactive', 'tty', 'rm']) t.true(flag(parsed, name), name);
});

test('a value may stand apart or behind an equals sign', (t) => {
  for (const words of [['--name', 'web'], ['--name=web']])
    t.is(stringOption(parseRun(...words, 'busybox'), 'name'), 'web');
  for (const words of [['-e', 'A=b=c'], ['-e=A=b=c'], ['--env=A=b=c']])
    t.deepEqual(stringList(parseRun(...words, 'busybox'), 'env'), ['A=b=c'], words.join(' '));
});

test('a value is text, also one that looks like a number, a list or nothing', (t) => {
  for (const value of ['007', '1e3', '0x10', 'a.b', 'true', ''])
    t.is(stringOption(parseRun(`--hostname=${value}`, 'busybox'), 'hostname'), value, value);
  t.deepEqual(stringList(parseRun('-e', '1', '-e', '2.0', 'busybox'), 'env'), ['1', '2.0']);
});

test('an option that may be repeated keeps all, another the last', (t) => {
  const parsed = parseRun(
    '-e',
    'A=1',
    '--env',
    'B=2',
    '-e',
    'A=3',
    '--name',
    'x',
    '--name',
    'y',
    'i',
  );
  t.deepEqual(stringList(parsed, 'env'), ['A=1', 'B=2', 'A=3']);
  t.is(stringOption(parsed, 'name'), 'y');
  t.deepEqual(stringList(parseRun('i'), 'env'), []);
  t.is(stringOption(parseRun('i'), 'name'), undefined);
});

test('what cannot be understood is refused, and the message says where help is', (t) => {
  const wrong: string[][] = [
    ['--nonsense', 'busybox'],
    ['-x', 'busybox'],
    ['--no-rm', 'busybox'],
    ['--name'],
  ];
  for (const words of wrong)
    t.throws(
      () => parseRun(...words),
      { code: 'ERR_USAGE', message: /thaw run --help$/ },
      words.join(' '),
    );
});

test('arguments that a command does not take are refused', (t) => {
  t.throws(() => parseCommand(psCommand, ['web']), { code: 'ERR_USAGE' });
  t.throws(() => parseCommand(logsCommand, []), { code: 'ERR_USAGE' });
  t.throws(() => parseCommand(logsCommand, ['one', 'two']), { code: 'ERR_USAGE' });
  t.notThrows(() => parseCommand(logsCommand, ['one']));
});
