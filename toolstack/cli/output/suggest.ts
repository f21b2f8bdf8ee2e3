// SPDX-License-Identifier: Apache-2.0
// Finds the name that is most like a mistyped one, with yargs. Loading yargs takes 50 ms, so this file is imported only after a mistake.

import yargs from 'yargs';

/** yargs suggests no name that differs in more letters. */
const MOST_CHANGES = 3;

/** Returns a name like `word`; undefined where there is none. */
export function suggestion(word: string, names: readonly string[]): string | undefined {
  const near = names.filter((name) => isNear(word, name));
  // yargs would read a word with a dash as one of its own options.
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

/** Returns true for a similar name. The first or the last letter must be the same: three changes can replace a whole short word. */
function isNear(word: string, name: string): boolean {
  const isSameLength = Math.abs(word.length - name.length) <= MOST_CHANGES;
  return isSameLength && (word.at(0) === name.at(0) || word.at(-1) === name.at(-1));
}
