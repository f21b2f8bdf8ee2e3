// SPDX-License-Identifier: Apache-2.0
// A mistyped command or option is answered with the most similar one.

import test from 'ava';
import { COMMANDS } from '../../../../toolstack/cli/commands.js';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { suggestion } from '../../../../toolstack/cli/output/suggest.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

async function mistake(...argv: string[]): Promise<string> {
  const { client, err } = fakeClient();
  const { engine, calls } = fakeEngine();
  const status = await runCommandLine(argv, client, engine);
  if (status !== 2 || calls.length > 0) throw new Error(`status ${status}: ${err()}`);
  return err();
}

test('the command that was meant, also of two words', async (t) => {
  t.is(await mistake('runn', 'x'), 'thaw: Unknown command "runn": did you mean run? See thaw --help\n'); // prettier-ignore
  t.is(await mistake('network', 'crate'), 'thaw: Unknown command "network crate": did you mean network create? See thaw --help\n'); // prettier-ignore
  t.is(await mistake('netwrk', 'create'), 'thaw: Unknown command "netwrk": did you mean network? See thaw --help\n'); // prettier-ignore
  t.is(await mistake('network', 'nix'), 'thaw: Unknown command "network nix": see thaw --help\n');
});

test('the option that was meant', async (t) => {
  t.is(await mistake('run', '--memry', '1g', 'x'), 'thaw: Cannot use --memry: thaw run has no such option; did you mean --memory? See thaw run --help\n'); // prettier-ignore
  t.is(await mistake('ps', '--quite'), 'thaw: Cannot use --quite: thaw ps has no such option; did you mean --quiet? See thaw ps --help\n'); // prettier-ignore
  for (const word of ['--memory-of-an-elephant', '-x'])
    t.is(await mistake('run', word), `thaw: Cannot use ${word}: thaw run has no such option; see thaw run --help\n`); // prettier-ignore
});

test('a letter that is left out is found', (t) => {
  const names = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))];
  for (const name of names.filter(({ length }) => length > 3))
    for (let at = 1; at < name.length; at++) {
      const word = name.slice(0, at) + name.slice(at + 1);
      if (!names.includes(word)) t.truthy(suggestion(word, names), word);
    }
});

test('words that yargs takes for something else are no trouble', (t) => {
  const names = ['help', 'version', 'a5', 'get-yargs-completions', 'proto'];
  for (const word of [
    '--help',
    '--version',
    '--get-yargs-completions',
    '-h',
    '',
    '__proto__',
    '$0',
    'x'.repeat(1_000_000),
  ])
    // prettier-ignore
    t.is(suggestion(word, names), undefined, word);
  t.is(suggestion('5', names), 'a5');
  t.is(suggestion('hel', names), 'help');
});
