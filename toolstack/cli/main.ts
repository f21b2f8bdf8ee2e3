// SPDX-License-Identifier: Apache-2.0
// From a command line to an exit status: finds the command, parses, runs it, and says in one line what went wrong.

import type { Client, Engine } from '../api/engine.js';
import { describeError, errorCode } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { Command } from './command.js';
import { cloneCommand } from './commands/container/clone.js';
import { COMMANDS } from './commands.js';
import { createCommand } from './commands/container/create.js';
import { execCommand } from './commands/container/exec.js';
import { freezeCommand } from './commands/image/frozen.js';
import { commandHelp, groupHelp, overallHelp } from './output/help.js';
import { parseCommand } from './options/parse.js';
import { runCommand } from './commands/container/run.js';
import { startCommand } from './commands/container/start.js';
import { UsageError } from './options/usage-error.js';

/** Exit status of a command line that cannot be understood. */
const USAGE_STATUS = 2;

/**
 * Runs `argv` (without the program's name) and resolves with the exit status; never rejects.
 * `exitStatusOf` maps an error of `thaw run`, `freeze` or `exec` to a status where it is not the command's usual one.
 */
export async function runCommandLine(
  argv: string[],
  client: Client,
  engine: Engine,
  exitStatusOf: (error: unknown) => number | undefined = () => undefined,
): Promise<number> {
  const isHelp = argv[0] === 'help';
  const { name, words, command } = findCommand(isHelp ? argv.slice(1) : argv);
  if (name === undefined || name === '--help' || name === '-h') {
    client.out(overallHelp(COMMANDS));
    return 0;
  }
  if (name === '--version') {
    client.out(`thaw ${VERSION}\n`);
    return 0;
  }
  if (!command) {
    const group = COMMANDS.filter((c) => c.name.startsWith(`${name} `));
    const [verb = '--help'] = words;
    if (group.length > 0 && (isHelp || verb === '--help' || verb === '-h')) {
      client.out(groupHelp(name, group));
      return 0;
    }
    const unknown = group.length > 0 ? `${name} ${verb}` : name;
    client.err(`thaw: Unknown command "${unknown}": see thaw --help\n`);
    return USAGE_STATUS;
  }
  try {
    const parsed = isHelp ? undefined : parseCommand(command, words);
    if (!parsed || parsed.asksForHelp) {
      client.out(commandHelp(command));
      return 0;
    }
    return await command.run(parsed, client, engine);
  } catch (error) {
    client.err(`thaw: ${describeError(error)}\n`);
    if (error instanceof UsageError) return USAGE_STATUS;
    return (startsProcess(command) ? exitStatusOf(error) : undefined) ?? statusOf(error, command);
  }
}

/** The command that the words begin with: of two words, or of one. */
function findCommand(argv: string[]): {
  name: string | undefined;
  words: string[];
  command?: Command | undefined;
} {
  const [name, second, ...rest] = argv;
  const pair = COMMANDS.find((command) => command.name === `${name} ${second}`);
  if (pair) return { name, words: rest, command: pair };
  const words = argv.slice(1);
  return { name, words, command: COMMANDS.find((command) => command.name === name) };
}

/** It starts a process, or makes one ready to, so its failures have statuses of their own. */
function startsProcess(command: Command): boolean {
  return [
    runCommand,
    createCommand,
    startCommand,
    execCommand,
    cloneCommand,
    freezeCommand,
  ].includes(command);
}

function statusOf(error: unknown, command: Command): number {
  return errorCode(error) === 'ERR_USAGE' && !startsProcess(command)
    ? USAGE_STATUS
    : command.failureStatus;
}
