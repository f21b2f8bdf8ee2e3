// SPDX-License-Identifier: Apache-2.0
// thaw kill, rm and logs: what can be done to a container that is there.

import { constants } from 'node:os';
import { flag, stringOption, type Command } from './command.js';
import { UsageError } from './usage-error.js';

export const killCommand: Command = {
  name: 'kill',
  summary: 'Send a signal to the processes of containers',
  params: 'CONTAINER...',
  examples: ['thaw kill web', 'thaw kill --signal TERM web'],
  options: {
    signal: {
      type: 'string',
      short: 's',
      describe: 'Name or number (default KILL)',
    },
  },
  rewrite: ([first = '', ...rest]) =>
    /^-(\d+|[A-Z][A-Z0-9+-]+)$/.test(first)
      ? ['--signal', first.slice(1), ...rest]
      : [first, ...rest].filter((w, i) => i > 0 || w !== ''),
  positionals: { min: 1, max: Infinity },
  failureStatus: 1,
  async run(parsed, client, engine) {
    const signal = signalNumber(stringOption(parsed, 'signal') ?? 'KILL');
    for (const name of parsed.positional) {
      await engine.kill(name, signal);
      client.out(`${name}\n`);
    }
    return 0;
  },
};

/** Reads a signal: 15, TERM or SIGTERM. Throws UsageError. */
export function signalNumber(text: string): number {
  const number = /^\d+$/.test(text)
    ? Number(text)
    : (constants.signals as Record<string, number>)[signalName(text)];
  if (number !== undefined && number >= 1 && number <= 64) return number;
  throw new UsageError(
    `Cannot use --signal ${text}: a name such as TERM or a number from 1 to 64 is wanted`,
  );
}

function signalName(text: string): string {
  return text.toUpperCase().replace(/^(SIG)?/, 'SIG');
}

export const rmCommand: Command = {
  name: 'rm',
  summary: 'Remove containers',
  params: 'CONTAINER...',
  examples: ['thaw rm web', 'thaw rm --force web'],
  options: {
    force: {
      type: 'boolean',
      short: 'f',
      describe: 'Also running ones: their domains are destroyed',
    },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 1,
  async run(parsed, client, engine) {
    for (const name of parsed.positional) {
      await engine.remove(name, flag(parsed, 'force'));
      client.out(`${name}\n`);
    }
    return 0;
  },
};

export const logsCommand: Command = {
  name: 'logs',
  summary: 'Print what a container has written',
  params: 'CONTAINER',
  examples: ['thaw logs web'],
  options: {},
  positionals: { min: 1, max: 1 },
  failureStatus: 1,
  async run(parsed, client, engine) {
    await engine.logs(parsed.positional[0] ?? '', client);
    return 0;
  },
};
