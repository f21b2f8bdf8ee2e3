// SPDX-License-Identifier: Apache-2.0
// Writes a command's options in the only form that yargs-parser reads as getopt(3) does: `--name=value`. yargs-parser takes `-m64m` for
// three letters, `true` behind a flag for the flag's value, and `-5` for the end of the options.

import type { OptionTable } from './table.js';

/** The long names of a table's one-letter options, by their letters. */
export type ShortNames = ReadonlyMap<string, string>;

export interface SpelledOut {
  /** Known options only. A flag has the value true or false. */
  options: string[];
  /** The long names of the options in `options`. */
  names: Set<string>;
  /** The words after the options, without the `--` that may end the options. */
  positional: string[];
  asksForHelp: boolean;
  /** The first option that cannot be used. */
  fault?: Fault;
}

export interface Fault {
  /** The option as the user wrote it, without its value. */
  option: string;
  kind: 'unknown' | 'needs a value' | 'takes no value';
  value?: string;
}

export function spellOut(
  table: OptionTable,
  shortNames: ShortNames,
  words: readonly string[],
): SpelledOut {
  const found: SpelledOut = {
    options: [],
    names: new Set(),
    positional: [],
    asksForHelp: false,
  };
  let index = 0;

  const push = (name: string, value: string): void => {
    found.names.add(name);
    found.options.push(`--${name}=${value}`);
  };

  const add = (option: string, name: string, value?: string): void => {
    const type = Object.hasOwn(table, name) ? table[name]?.type : undefined;
    if (type === undefined && (option === '--help' || option === '-h')) found.asksForHelp = true;
    else if (type === undefined) found.fault ??= { option, kind: 'unknown' };
    else if (type === 'string') {
      const own = value ?? words[index++];
      if (own === undefined) found.fault ??= { option, kind: 'needs a value' };
      else push(name, own);
    } else if (value === undefined || value === 'true' || value === 'false')
      push(name, value ?? 'true');
    else found.fault ??= { option, kind: 'takes no value', value };
  };

  /** Adds flags and an option with its value at their end: `itm64m`. */
  const addLetters = (letters: string): void => {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters.charAt(at);
      const name = shortNames.get(letter) ?? letter;
      const value = letters.slice(at + 1).replace(/^=/, '');
      const option = letter === '-' ? `-${letters}` : `-${letter}`;
      if (table[name]?.type !== 'string' || at + 1 === letters.length) add(option, name);
      else return add(option, name, value);
    }
  };

  while (index < words.length) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '-') break;
    index += 1;
    if (word === '--') break;
    const [, name, value] = /^--([^][^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    if (name === undefined) addLetters(word.slice(1));
    else add(`--${name}`, name, value);
  }
  found.positional = words.slice(index);
  return found;
}
