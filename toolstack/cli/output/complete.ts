// SPDX-License-Identifier: Apache-2.0
// Completes a command line for a shell, and prints the shell's script that asks for it. yargs does both. Loading yargs takes 50 ms, so this file
// is imported only for completion.

import yargs, { type Argv } from 'yargs';
import type { Engine } from '../../api/engine.js';
import type { Command } from '../command.js';
import { commandsOf, findCommand, firstWords } from '../find-command.js';
import { shortNamesOf } from '../options/options.js';
import { spellOut } from '../options/spell-out.js';
import { namesForOption, namesForWord } from './complete-names.js';

export type Shell = 'bash' | 'zsh';

/** The word by which a script of yargs asks for completions. */
export const COMPLETE = '--get-yargs-completions';

/** Returns the script, which runs `thaw --get-yargs-completions WORD...` at each key that asks for completions. */
export function completionScript(shell: Shell): string {
  let script = '';
  void yargsOf(shell)
    .completion('completion')
    .parse(['completion'], {}, (_error, _argv, output) => {
      script = output;
    });
  return `${script
    .trim()
    .replaceAll('thaw completion >', `thaw completion ${shell} >`)
    // The login shell, to which yargs would look, need not be the shell that asks.
    .replaceAll(`thaw ${COMPLETE}`, `SHELL=${shell} thaw ${COMPLETE}`)}\n`;
}

/**
 * Resolves with what may stand for the last of `words`, which begin with the program's name. For zsh each has its description behind a colon. Empty
 * where the shell knows better: names of files.
 */
export async function complete(
  commands: readonly Command[],
  words: readonly string[],
  shell: Shell,
  engine: Engine,
): Promise<string[]> {
  const before = words.slice(1, -1);
  const current = words.length > 1 ? (words.at(-1) ?? '') : '';
  const { name, words: typed, command } = findCommand(commands, before);
  if (name === undefined) return wordsOf(yargsOf(shell), firstCommands(commands), current);
  if (command) return forCommand(command, typed, { current, shell }, engine);
  if (typed.length > 0) return [];
  const verbs = commandsOf(commands, name).map(({ name: all, summary }): [string, string] => [
    all.slice(name.length + 1),
    summary,
  ]);
  return wordsOf(yargsOf(shell), verbs, current);
}

async function forCommand(
  command: Command,
  typed: readonly string[],
  { current, shell }: { current: string; shell: Shell },
  engine: Engine,
): Promise<string[]> {
  const { options } = command;
  // A last option that lacks its value takes the current word.
  const { positional, fault } = spellOut(options, shortNamesOf(options), typed);
  if (fault?.kind === 'needs a value')
    return choose(shell, await namesForOption(fault.option, engine), current);
  if (positional.length === 0 && current.startsWith('-'))
    return optionsOf(yargsOf(shell), command, typed, current);
  return choose(shell, await namesForWord(command, positional.length, engine), current);
}

/** Returns commands of one word, and the first words of those of two. */
function firstCommands(commands: readonly Command[]): [string, string][] {
  return firstWords(commands).map((word) => {
    const command = commands.find(({ name }) => name === word);
    return [word, command?.summary ?? `Commands: ${verbsOf(commands, word)}`];
  });
}

function verbsOf(commands: readonly Command[], noun: string): string {
  return commandsOf(commands, noun)
    .map(({ name }) => name.slice(noun.length + 1))
    .join(', ');
}

async function wordsOf(
  page: Argv,
  words: readonly [string, string][],
  current: string,
): Promise<string[]> {
  if (current.startsWith('-')) {
    page.option('help', { describe: 'Print help' }).option('version', { describe: 'Print both' });
    return ask(page, [current]);
  }
  for (const [word, summary] of words) page.command(word, summary);
  return ask(page, [current]);
}

async function optionsOf(
  page: Argv,
  { options }: Command,
  typed: readonly string[],
  current: string,
): Promise<string[]> {
  for (const [name, { describe, type }] of Object.entries(options))
    page.option(name, { describe, type });
  page.option('help', { describe: 'Print this', type: 'boolean' });
  return ask(page, [...typed, current]);
}

/** Lets yargs choose among names as among the values of an option: it escapes colons, of which only zsh makes something. */
async function choose(shell: Shell, names: readonly string[], current: string): Promise<string[]> {
  if (names.length === 0) return [];
  const page = yargsOf(shell).option('name', { choices: names });
  const found = await ask(page, ['--name', current]);
  return shell === 'zsh' ? found : found.map((name) => name.replaceAll('\\:', ':'));
}

function ask(page: Argv, words: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    page.getCompletion(words, (error, found) =>
      error ? reject(error) : resolve([...(found ?? [])]),
    );
  });
}

/** Makes a yargs that writes for that shell. yargs learns the shell once, when it is made, from the environment. */
function yargsOf(shell: Shell): Argv {
  const before = { SHELL: process.env['SHELL'], ZSH_NAME: process.env['ZSH_NAME'] };
  process.env['SHELL'] = shell;
  delete process.env['ZSH_NAME'];
  try {
    return yargs([])
      .scriptName('thaw')
      .help(false)
      .version(false)
      .exitProcess(false)
      .locale('en')
      .parserConfiguration({ 'boolean-negation': false });
  } finally {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
  }
}
