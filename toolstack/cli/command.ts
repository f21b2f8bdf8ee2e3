// SPDX-License-Identifier: Apache-2.0
// Defines a command: data for parsing, help and dispatch, and a function that does the work.

import type { Client, Engine } from '../api/engine.js';
import type { Parsed } from './options/options.js';
import type { OptionTable } from './options/table.js';

export { flag, stringList, stringOption, type Parsed } from './options/options.js';

export interface Command {
  name: string;
  /** One line in the imperative: `Run a command in a new container`. */
  summary: string;
  /** The words after the options, for help: `IMAGE [COMMAND [ARG...]]`. */
  params: string;
  examples: string[];
  options: OptionTable;
  /** Rewrites forms that no table of options can describe: `kill -9` becomes `kill --signal 9`. */
  rewrite?(words: string[]): string[];
  /** The least and the greatest number of words after the options. */
  positionals: { min: number; max: number };
  /** The exit status when the command fails. */
  failureStatus: number;
  /** Resolves with the exit status. Without thawd every call of `engine` fails. */
  run(parsed: Parsed, client: Client, engine: Engine): Promise<number>;
}

/** Commands that help lists together, in its order. */
export interface CommandGroup {
  heading: string;
  commands: readonly Command[];
}
