// SPDX-License-Identifier: Apache-2.0
// Runs a command line: finds the command, parses its words, runs it, and prints a failure in one line.

import type { Client, Engine } from '../api/engine.js';
import { describeError, errorCode } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { Command } from './command.js';
import { cloneCommand } from './commands/container/clone.js';
import { COMMAND_GROUPS, COMMANDS } from './commands.js';
import { createCommand } from './commands/container/create.js';
import { commandsOf, findCommand, firstWords } from './find-command.js';
import { execCommand } from './commands/container/exec.js';
import { freezeCommand } from './commands/image/frozen.js';
import { parseCommand } from './options/parse.js';
import { runCommand } from './commands/container/run.js';
import { startCommand } from './commands/container/start.js';
import { UnknownOptionError, UsageError } from './options/usage-error.js';

/** The exit status of a wrong command line. */
const USAGE_STATUS = 2;

/**
 * Runs `argv` (without the program's name) and resolves with the exit status; never rejects.
 * `exitStatusOf` gives errors of commands that start a process a status other than the command's usual one.
 */
export async function runCommandLine(
  argv: string[],
  client: Client,
  engine: Engine,
  exitStatusOf: (error: unknown) => number | undefined = () => undefined,
): Promise<number> {
  const isHelp = argv[0] === 'help';
  const { name, words, command } = findCommand(COMMANDS, isHelp ? argv.slice(1) : argv);
  if (name === undefined || name === '--help' || name === '-h') {
    const { overallHelp } = await import('./output/help.js');
    client.out(await overallHelp(COMMAND_GROUPS, client.cols));
    return 0;
  }
  if (name === '--version') {
    client.out(`thaw ${VERSION}\n`);
    return 0;
  }
  if (name === '--get-yargs-completions') {
    client.out(await completions(words, client, engine));
    return 0;
  }
  if (!command) {
    const ofNoun = commandsOf(COMMANDS, name);
    const [verb = '--help'] = words;
    if (ofNoun.length > 0 && (isHelp || verb === '--help' || verb === '-h')) {
      const { nounHelp } = await import('./output/help.js');
      client.out(await nounHelp(name, ofNoun, client.cols));
      return 0;
    }
    client.err(`thaw: ${await unknownCommand(name, ofNoun.length > 0 ? verb : undefined)}\n`);
    return USAGE_STATUS;
  }
  try {
    const parsed = isHelp ? undefined : parseCommand(command, words);
    if (!parsed || parsed.asksForHelp) {
      const { commandHelp } = await import('./output/help.js');
      client.out(await commandHelp(command, client.cols));
      return 0;
    }
    await client.admit?.(command.name, parsed.options);
    return await command.run(parsed, client, engine);
  } catch (error) {
    client.err(`thaw: ${await describeFailure(error)}\n`);
    if (error instanceof UsageError) return USAGE_STATUS;
    return (startsProcess(command) ? exitStatusOf(error) : undefined) ?? statusOf(error, command);
  }
}

/** Resolves with a line for each word that may stand for the last of `words`, as the script of `thaw completion` wants them. */
async function completions(words: string[], client: Client, engine: Engine): Promise<string> {
  const { complete } = await import('./output/complete.js');
  const shell = client.env['SHELL']?.endsWith('zsh') ? 'zsh' : 'bash';
  const found = await complete(COMMANDS, words, shell, engine);
  return found.map((line) => `${line}\n`).join('');
}

/** Returns the message for an unknown command. `verb` is undefined where no command begins with `name`. */
async function unknownCommand(name: string, verb: string | undefined): Promise<string> {
  const { suggestion } = await import('./output/suggest.js');
  const verbs = commandsOf(COMMANDS, name).flatMap((command) => command.name.split(' ')[1] ?? []);
  const like =
    verb === undefined ? suggestion(name, firstWords(COMMANDS)) : suggestion(verb, verbs);
  const noun = verb === undefined ? '' : `${name} `;
  const hint = like === undefined ? 'see' : `did you mean ${noun}${like}? See`;
  return `Unknown command "${noun}${verb ?? name}": ${hint} thaw --help`;
}

async function describeFailure(error: unknown): Promise<string> {
  if (!(error instanceof UnknownOptionError) || !error.option.startsWith('--'))
    return describeError(error);
  const { suggestion } = await import('./output/suggest.js');
  const like = suggestion(error.option.slice('--'.length), error.names);
  return like === undefined ? describeError(error) : error.describe(`--${like}`);
}

/** Returns true for commands that start or prepare a process: these have more exit statuses for failures. */
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
