// SPDX-License-Identifier: Apache-2.0
// Options are read as getopt(3) reads them where yargs-parser would differ.

import test from 'ava';
import { parseOptions } from '../../../../toolstack/cli/options/options.js';
import type { OptionTable } from '../../../../toolstack/cli/options/table.js';

const TABLE: OptionTable = {
  memory: { type: 'string', short: 'm', describe: '' },
  rm: { type: 'boolean', describe: '' },
  tty: { type: 'boolean', short: 't', describe: '' },
};

const parse = (...words: string[]) => parseOptions('thaw x', TABLE, words);

test('a word behind a flag is no value of it, also true and false', (t) => {
  for (const word of ['true', 'false'])
    for (const option of ['--rm', '-t', '-tt'])
      t.deepEqual(parse(option, word).positional, [word], `${option} ${word}`);
  t.deepEqual(parse('--rm', 'true').options, { rm: [true] });
});

test('a value may begin with a dash, and keeps its quotes and signs', (t) => {
  for (const value of ['-5', '--rm', '--', '-', '"q"', "'q'", '=x', 'a=b', '0x10', '1e3', '\n', ''])
    for (const words of [['--memory', value], [`--memory=${value}`], ['-m', value], [`-m=${value}`]])
      t.deepEqual(parse(...words), { options: { memory: [value] }, positional: [], asksForHelp: false }); // prettier-ignore
});

test('a negative number, a dotted letter and three dashes are options, and unknown ones', (t) => {
  const wrong = { '-5': '-5', '-.5': '-.', '-m.5': undefined, '-x.y=1': '-x', '---': '---', '-t-5': '-t-5' }; // prettier-ignore
  for (const [word, option] of Object.entries(wrong))
    if (option === undefined) t.deepEqual(parse(word).options, { memory: ['.5'] });
    else
      t.throws(() => parse(word, 'img'), {
        code: 'ERR_USAGE',
        message: `Cannot use ${option}: thaw x has no such option; see thaw x --help`,
      });
});

test('the first option that cannot be used is the one that is named', (t) => {
  const message = (...words: string[]) => t.throws(() => parse(...words))?.message;
  t.is(message('--no', '--rm=x'), 'Cannot use --no: thaw x has no such option; see thaw x --help');
  t.is(message('--rm=x', '--no'), 'Cannot use --rm=x: it takes no value, or true or false; see thaw x --help'); // prettier-ignore
  t.is(message('-tm'), 'Cannot use -m alone: it wants a value; see thaw x --help');
});

test('a table keeps what is prepared of it to itself', (t) => {
  t.deepEqual(parse('-m', '1').options, { memory: ['1'] });
  const other: OptionTable = { max: { type: 'string', short: 'm', describe: '' } };
  t.deepEqual(parseOptions('thaw y', other, ['-m', '1']).options, { max: ['1'] });
  t.deepEqual(parse('-m', '1').options, { memory: ['1'] });
});
