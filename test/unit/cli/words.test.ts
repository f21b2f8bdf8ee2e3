// SPDX-License-Identifier: Apache-2.0
// What is read of a command line before yargs sees it: attached values, help anywhere among the options, strict flags.

import test from 'ava';
import { killCommand } from '../../../toolstack/cli/containers.js';
import { runCommand } from '../../../toolstack/cli/run.js';
import { readWords } from '../../../toolstack/cli/words.js';

const words = (line: string) => readWords(runCommand, line.split(' ')).words;

test('values attached to short options are taken apart', (t) => {
  t.deepEqual(words('-m64m -eA=1 -e=B=2 img'), ['-m', '64m', '-e', 'A=1', '-e', 'B=2', 'img']);
  t.deepEqual(words('--memory=64m img'), ['--memory', '64m', 'img']);
  t.deepEqual(words('-it img'), ['-it', 'img']);
});

test('what follows the first positional is left alone', (t) => {
  t.deepEqual(words('--rm img -m64m --help'), ['--rm', 'img', '-m64m', '--help']);
  t.false(readWords(runCommand, ['img', '--help']).asksForHelp);
});

test('help is found behind options with values, and not in place of a value', (t) => {
  t.true(readWords(runCommand, ['--name', 'web', '--help']).asksForHelp);
  t.false(readWords(runCommand, ['-e', '--help', 'img']).asksForHelp);
  t.false(readWords(runCommand, ['-h', 'inner', 'img']).asksForHelp);
  t.true(readWords(killCommand, ['-s', 'TERM', '-h']).asksForHelp);
});

test('a flag with another value than true or false is refused', (t) => {
  t.throws(() => readWords(runCommand, ['--rm=yes', 'img']), {
    code: 'ERR_USAGE',
    message: /--rm=yes/,
  });
  t.deepEqual(words('--rm=true img'), ['--rm=true', 'img']);
});

test('kill takes a signal as kill(1) does', (t) => {
  t.deepEqual(readWords(killCommand, ['-9', 'web']).words, ['--signal', '9', 'web']);
  t.deepEqual(readWords(killCommand, ['-TERM', 'web']).words, ['--signal', 'TERM', 'web']);
  t.deepEqual(readWords(killCommand, []).words, []);
});
