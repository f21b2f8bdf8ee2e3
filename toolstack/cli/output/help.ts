// SPDX-License-Identifier: Apache-2.0
// Prints help on all commands, on those of one noun and on one command. yargs lays the command table out in columns. Loading yargs takes 50 ms, so
// this file is imported only for help.

import yargs, { type Argv } from 'yargs';
import type { Command, CommandGroup } from '../command.js';
import { optionGroups } from './option-groups.js';

/** The width for output that is no terminal. */
const PLAIN_WIDTH = 100;
/** The greatest width: longer lines are hard to read. */
const MOST_WIDTH = 120;
/** The least width at which the columns fit side by side. */
const LEAST_WIDTH = 40;

/** Returns help on all commands. `columns` is the terminal's width, 0 where there is none. */
export async function overallHelp(
  groups: readonly CommandGroup[],
  columns: number,
): Promise<string> {
  const lists = [];
  for (const group of groups) lists.push(await commandList(group, columns));
  return sections(
    'Usage: thaw COMMAND [OPTION...] [ARG...]',
    'Runs each container in a Xen micro-domain of its own, cloned from a frozen one.',
    ...lists,
    'thaw COMMAND --help says more of one. thaw doctor says what this host lacks.',
  );
}

/** Returns help on commands that have their first word in common. */
export async function nounHelp(
  noun: string,
  commands: readonly Command[],
  columns: number,
): Promise<string> {
  return sections(
    `Usage: thaw ${noun} COMMAND [OPTION...] [ARG...]`,
    await commandList({ heading: 'Commands', commands }, columns),
  );
}

export async function commandHelp(command: Command, columns: number): Promise<string> {
  const { name, params, summary, options, examples } = command;
  const usage = `Usage: thaw ${name} [OPTION...] ${params}`.trimEnd();
  const page = layout(columns).usage(`${usage}\n\n${summary}.`);
  for (const [heading, names] of optionGroups(options)) {
    const group = `${heading}:`;
    for (const option of names) {
      const { type, short, describe } = options[option] ?? { type: 'boolean', describe: '' };
      page.option(type === 'boolean' ? option : `${option} VALUE`, {
        describe,
        group,
        alias: short ?? [],
      });
    }
  }
  const ownsH = Object.values(options).some(({ short }) => short === 'h');
  page.option('help', { describe: 'Print this', group: 'Options:', alias: ownsH ? [] : 'h' });
  return sections(
    await page.getHelp(),
    // yargs would break long examples, which users copy.
    ['Examples:', ...examples.map((line) => `  ${line}`)].join('\n'),
  );
}

async function commandList({ heading, commands }: CommandGroup, columns: number): Promise<string> {
  const page = layout(columns).usage('');
  for (const { name, summary } of commands) page.command(name, summary);
  const list = await page.getHelp();
  return list.replace('Commands:', `${heading}:`);
}

function layout(columns: number): Argv {
  const width = columns === 0 ? PLAIN_WIDTH : columns;
  return yargs([])
    .scriptName('')
    .help(false)
    .version(false)
    .exitProcess(false)
    .locale('en')
    .wrap(Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, width)));
}

function sections(...texts: string[]): string {
  return `${texts.map((text) => text.trim()).join('\n\n')}\n`;
}
