// SPDX-License-Identifier: Apache-2.0
// What yargs does not take by itself: values attached to short options, help among a command's options, strict flags.

import type { Options } from 'yargs';
import type { Command } from './command.js';
import { UsageError } from './usage-error.js';

export interface Words {
  /** For yargs: `-m64m` taken apart, the rest as it was. */
  words: string[];
  /** `--help`, or a `-h` that is no option of the command, stands among the options. */
  asksForHelp: boolean;
}

/** Goes over the options up to the first positional or `--`; what follows belongs to the container. Throws UsageError. */
export function readWords(command: Command, given: string[]): Words {
  const pending = [...(command.rewrite?.(given) ?? given)];
  const words: string[] = [];
  let asksForHelp = false;
  for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
    if (word === '--' || word === '-' || !word.startsWith('-'))
      return { words: [...words, word, ...pending], asksForHelp };
    const [name, value] = split(command, word);
    const option = find(command, name);
    if (name === '--help' || (name === '-h' && !option)) asksForHelp = true;
    else if (option?.type === 'string')
      words.push(...(value === undefined ? [name, ...pending.splice(0, 1)] : [name, value]));
    else words.push(checkFlag(command, option, word, value));
  }
  return { words, asksForHelp };
}

/** `--name=value`, `-nvalue` and `-n=value` of a string option in two; anything else whole. */
function split(command: Command, word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  if (word.startsWith('--'))
    return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
  const short = word.slice(0, 2);
  if (word.length === 2 || find(command, short)?.type !== 'string') return [word, undefined];
  return [short, word.slice(word[2] === '=' ? 3 : 2)];
}

function find(command: Command, name: string): Options | undefined {
  if (name.startsWith('--')) return command.options[name.slice(2)];
  return Object.values(command.options).find((option) => option.alias === name.slice(1));
}

function checkFlag(
  command: Command,
  option: Options | undefined,
  word: string,
  value: string | undefined,
): string {
  if (option?.type === 'boolean' && value !== undefined && value !== 'true' && value !== 'false') {
    throw new UsageError(
      `Cannot use ${word}: it takes no value, or true or false; see thaw ${command.name} --help`,
    );
  }
  return word;
}
