// SPDX-License-Identifier: Apache-2.0
// How a command's words become options and positionals: yargs, told to stop at the first word that is no option.

import yargs from 'yargs';
import { errorMessage } from '../base/errors.js';
import { UsageError } from './usage-error.js';
import type { Command, Parsed } from './command.js';

export { UsageError } from './usage-error.js';

/** Parses the words behind a command's name. Throws UsageError. */
export function parseCommand(command: Command, words: string[]): Parsed {
  const parser = yargs([])
    .options(command.options)
    .parserConfiguration({
      'halt-at-non-option': true,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': false,
    })
    .strictOptions()
    .help(false)
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw new UsageError(
        `${lowerFirst(message || errorMessage(error))}: see thaw ${command.name} --help`,
      );
    });
  const parsed = parser.parseSync(words) as Record<string, unknown> & { _: (string | number)[] };
  const { _: rest, ...options } = parsed;
  const positional = rest.map(String);
  const { min, max } = command.positionals;
  if (positional.length < min || positional.length > max) {
    const what = command.params === '' ? 'no argument' : command.params;
    throw new UsageError(
      `thaw ${command.name} takes ${what}, not ${positional.length} arguments: see thaw ${command.name} --help`,
    );
  }
  checkTwice(command, options);
  return { options, positional };
}

function lowerFirst(text: string): string {
  return text.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
}

/** yargs makes an array of an option given twice; a value that is missing comes as an empty string. */
function checkTwice(command: Command, options: Record<string, unknown>): void {
  for (const [name, option] of Object.entries(command.options)) {
    const value = options[name];
    if (
      option.type === 'string' &&
      Array.isArray(value) &&
      value.some((v) => typeof v !== 'string')
    ) {
      throw new UsageError(`--${name} wants a value: see thaw ${command.name} --help`);
    }
  }
}
