// SPDX-License-Identifier: Apache-2.0
// What `thaw --help` and `thaw COMMAND --help` print, made from the command table.

import type { Command } from '../command.js';
import { optionRows } from '../options/options.js';

export function overallHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return [
    'Usage: thaw COMMAND [OPTION...] [ARG...]',
    '',
    'Runs each container in a Xen micro-domain of its own, cloned from a frozen one.',
    '',
    'Commands:',
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`),
    '',
    'thaw COMMAND --help says more of one. thaw doctor says what this host lacks.',
    '',
  ].join('\n');
}

/** Of commands that have a first word in common. */
export function groupHelp(name: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return [
    `Usage: thaw ${name} COMMAND [OPTION...] [ARG...]`,
    '',
    'Commands:',
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`),
    '',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  return [
    `Usage: thaw ${command.name} [OPTION...] ${command.params}`.trimEnd(),
    '',
    `${command.summary}.`,
    '',
    'Options:',
    ...optionRows(command.options),
    '',
    'Examples:',
    ...command.examples.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
