// SPDX-License-Identifier: Apache-2.0
// Parses the words behind a command's name by the command's own table.

import type { Command } from '../command.js';
import { parseOptions, type Parsed } from './options.js';
import { UsageError } from './usage-error.js';

/** Throws UsageError, unless the words also ask for help. */
export function parseCommand(command: Command, words: string[]): Parsed {
  const program = `thaw ${command.name}`;
  const parsed = parseOptions(program, command.options, command.rewrite?.(words) ?? words);
  const { length } = parsed.positional;
  const { min, max } = command.positionals;
  if (!parsed.asksForHelp && (length < min || length > max)) {
    const what = command.params === '' ? 'no argument' : command.params;
    throw new UsageError(
      `${program} takes ${what}, not ${length} arguments: see ${program} --help`,
    );
  }
  return parsed;
}
