// SPDX-License-Identifier: Apache-2.0
// Finds the name that a mistyped one resembles most, with yargs. Loading yargs takes 50 ms, so this file is imported only after a mistake.

import yargs from 'yargs';

/** yargs suggests no name that differs in more letters. */
const MOST_CHANGES = 3;

/** Undefined where no name resembles the word. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  const near = names.filter((name) => isNear(word, name));
  // yargs would take a word with a dash for one of its own options.
  if (near.length === 0 || word.startsWith('-')) return undefined;
  let message = '';
  const search = yargs([word])
    .help(false)
    .version(false)
    .exitProcess(false)
    .locale('en')
    .parserConfiguration({ 'parse-positional-numbers': false })
    .strictCommands()
    .recommendCommands()
    .fail((text) => (message ||= text));
  for (const name of near) search.command(name, '');
  search.parseSync();
  return /^Did you mean (.+)\?$/.exec(message)?.[1];
}

/** Three changes leave nothing of a short word, so the first or the last letter must be the same. */
function isNear(word: string, name: string): boolean {
  const isSameLength = Math.abs(word.length - name.length) <= MOST_CHANGES;
  return isSameLength && (word.at(0) === name.at(0) || word.at(-1) === name.at(-1));
}
