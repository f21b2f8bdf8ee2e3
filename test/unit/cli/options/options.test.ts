// SPDX-License-Identifier: Apache-2.0
// Options are parsed up to the first word that is no option: groups, attached values, help anywhere among them, strict flags.

import test from 'ava';
import { killCommand } from '../../../../toolstack/cli/commands/container/kill.js';
import { optionRows, parseOptions } from '../../../../toolstack/cli/options/options.js';
import type { OptionTable } from '../../../../toolstack/cli/options/table.js';
import { parseCommand } from '../../../../toolstack/cli/options/parse.js';
import { runCommand } from '../../../../toolstack/cli/commands/container/run.js';

const run = (...words: string[]) => parseOptions('thaw run', runCommand.options, words);

test('values attached to short options are taken apart', (t) => {
  const { options, positional } = run('-m64m', '-eA=1', '-e=B=2', '-itu', 'me', '-e', 'C', 'img');
  t.deepEqual(
    { ...options },
    {
      memory: ['64m'],
      env: ['A=1', 'B=2', 'C'],
      interactive: [true],
      tty: [true],
      user: ['me'],
    },
  );
  t.deepEqual(positional, ['img']);
  t.deepEqual(run('-itm64m', 'img').options['memory'], ['64m']);
  t.deepEqual(run('--env==x', 'img').options['env'], ['=x']);
});

test('what follows the first positional is left alone, and -- is left out', (t) => {
  t.deepEqual(run('--rm', 'img', '-m64m', '--help', '--no').positional, [
    'img',
    '-m64m',
    '--help',
    '--no',
  ]);
  t.false(run('img', '--help').asksForHelp);
  t.deepEqual(run('--rm', '--', '--img', '--').positional, ['--img', '--']);
  t.deepEqual(run('--rm', '-', '-x').positional, ['-', '-x']);
  t.deepEqual(run('-it', 'img').positional, ['img']);
  t.deepEqual(run().positional, []);
});

test('help is found behind options with values, among wrong ones, and not in place of a value', (t) => {
  t.true(run('--name', 'web', '--help').asksForHelp);
  t.true(run('--nonsense', '--help').asksForHelp);
  t.false(run('-e', '--help', 'img').asksForHelp);
  t.false(run('-h', 'inner', 'img').asksForHelp);
  t.true(parseCommand(killCommand, ['-s', 'TERM', '-h']).asksForHelp);
});

test('a flag takes true and false and nothing else', (t) => {
  for (const words of [['--rm=yes'], ['--rm='], ['--tty=1']])
    t.throws(() => run(...words, 'img'), { code: 'ERR_USAGE', message: /it takes no value/ });
  t.deepEqual(run('--rm=true', 'img').options['rm'], [true]);
  t.deepEqual(run('--rm', '--rm=false', 'img').options['rm'], [true, false]);
});

test('names that every object has are no options', (t) => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
    t.throws(() => run(`--${name}=x`, 'img'), { code: 'ERR_USAGE' }, name);
});

test('a hundred thousand arguments are no trouble', (t) => {
  const many = Array.from({ length: 100_000 }, (_, i) => `-${i}`);
  const started = performance.now();
  t.is(run('--rm', 'img', ...many).positional.length, 100_001);
  // It took 44 s, and blocked thawd meanwhile.
  t.true(performance.now() - started < 5000);
});

test('options are read to the last, however many they are, each with its value', (t) => {
  for (let count = 0; count < 300; count += 7) {
    const pairs = Array.from({ length: count }, (_, i) => ['-e', `A=${i}`]).flat();
    const { options, positional } = run('--rm', ...pairs, 'img', '-e', 'its own');
    t.is(options['env']?.length ?? 0, count);
    t.deepEqual([options['env']?.at(-1), options['rm']], [count > 0 ? `A=${count - 1}` : undefined, [true]]); // prettier-ignore
    t.deepEqual(positional, ['img', '-e', 'its own']);
  }
});

test('kill takes a signal as kill(1) does', (t) => {
  const kill = (...words: string[]) => parseCommand(killCommand, words);
  t.deepEqual(kill('-9', 'web').options['signal'], ['9']);
  t.deepEqual(kill('-TERM', 'web').options['signal'], ['TERM']);
  t.deepEqual(kill().positional, []);
});

test('help says what wants a value, and leaves -h to an option that has it', (t) => {
  const table: OptionTable = {
    memory: { type: 'string', short: 'm', describe: 'How much' },
    rm: { type: 'boolean', describe: 'Remove it' },
  };
  t.deepEqual(optionRows(table), [
    '  -m, --memory VALUE  How much',
    '      --rm            Remove it',
    '  -h, --help          Print this',
  ]);
  t.true(optionRows(runCommand.options).at(-1)?.startsWith('      --help '));
});
