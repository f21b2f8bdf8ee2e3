// SPDX-License-Identifier: Apache-2.0
// From a command line to an exit status: finds the command, parses, runs it, and says in one line what went wrong.

import type { Client, Engine } from '../api/engine.js';
import { describeError, errorCode } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { Command } from './command.js';
import { killCommand, logsCommand, rmCommand } from './containers.js';
import { doctorCommand } from './doctor.js';
import { commandHelp, overallHelp } from './help.js';
import { infoCommand, versionCommand } from './host.js';
import { imagesCommand, pullCommand, rmiCommand } from './images.js';
import { parseCommand, UsageError } from './parse.js';
import { psCommand } from './ps.js';
import { runCommand } from './run.js';

/** All commands, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  runCommand,
  psCommand,
  logsCommand,
  killCommand,
  rmCommand,
  imagesCommand,
  pullCommand,
  rmiCommand,
  infoCommand,
  versionCommand,
  doctorCommand,
];

/** Exit status of a command line that cannot be understood. */
const USAGE_STATUS = 2;

/**
 * Runs `argv` (without the program's name) and resolves with the exit status; never rejects.
 * `exitStatusOf` maps an error of `thaw run` to a status where it is not the command's usual one.
 */
export async function runCommandLine(
  argv: string[],
  client: Client,
  engine: Engine,
  exitStatusOf: (error: unknown) => number | undefined = () => undefined,
): Promise<number> {
  const [name = '--help', ...words] = argv;
  if (['--help', '-h', 'help'].includes(name) && COMMANDS.every((c) => c.name !== words[0])) {
    client.out(overallHelp(COMMANDS));
    return 0;
  }
  if (name === '--version') {
    client.out(`thaw ${VERSION}\n`);
    return 0;
  }
  const command = COMMANDS.find((c) => c.name === (name === 'help' ? words[0] : name));
  if (!command) {
    client.err(`thaw: Unknown command "${name}": see thaw --help\n`);
    return USAGE_STATUS;
  }
  if (name === 'help' || asksForHelp(command, words)) {
    client.out(commandHelp(command));
    return 0;
  }
  try {
    return await command.run(parseCommand(command, words), client, engine);
  } catch (error) {
    client.err(`thaw: ${describeError(error)}\n`);
    if (error instanceof UsageError) return USAGE_STATUS;
    return (command === runCommand ? exitStatusOf(error) : undefined) ?? statusOf(error, command);
  }
}

function statusOf(error: unknown, command: Command): number {
  return errorCode(error) === 'ERR_USAGE' && command !== runCommand
    ? USAGE_STATUS
    : command.failureStatus;
}

/** `--help` among the options, before the first positional; `-h` too, where it is no option of the command's own. */
function asksForHelp(command: Command, words: string[]): boolean {
  const ownsH = Object.values(command.options).some((option) => option.alias === 'h');
  const [first] = words;
  if (first === '-h' && (!ownsH || words.length === 1)) return true;
  const end = words.findIndex((word) => !word.startsWith('-'));
  return words.slice(0, end < 0 ? words.length : end).includes('--help');
}
