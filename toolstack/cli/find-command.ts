// SPDX-License-Identifier: Apache-2.0
// Finds the command that a command line begins with.

import type { Command } from './command.js';

export interface FoundCommand {
  /** The first word. */
  name: string | undefined;
  /** The words after the command's name. */
  words: string[];
  command?: Command | undefined;
}

/** Returns the command of two words, or of one, that `argv` begins with. */
export function findCommand(commands: readonly Command[], argv: readonly string[]): FoundCommand {
  const [name, second, ...rest] = argv;
  const pair = commands.find((command) => command.name === `${name} ${second}`);
  if (pair) return { name, words: rest, command: pair };
  const words = argv.slice(1);
  return { name, words, command: commands.find((command) => command.name === name) };
}

/** Returns the first words of all commands, each once. */
export function firstWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.flatMap(({ name }) => name.split(' ')[0] ?? []))];
}

/** Returns the commands of two words that begin with `noun`. */
export function commandsOf(commands: readonly Command[], noun: string): Command[] {
  return commands.filter(({ name }) => name.startsWith(`${noun} `));
}
