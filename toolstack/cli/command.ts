// SPDX-License-Identifier: Apache-2.0
// What a command is: data that drives parsing, help and dispatch, and one function that does it.

import type { Client, Engine } from '../api/engine.js';
import type { OptionTable, Parsed } from './options/options.js';

export { flag, stringList, stringOption, type Parsed } from './options/options.js';

export interface Command {
  name: string;
  /** One line, third person would be wrong here: `Run a command in a new container`. */
  summary: string;
  /** What follows the options: `IMAGE [COMMAND [ARG...]]`. */
  params: string;
  examples: string[];
  options: OptionTable;
  /** Turns forms that no option table has, such as `kill -9`, into ones it has. */
  rewrite?(words: string[]): string[];
  /** How many words may follow the options. */
  positionals: { min: number; max: number };
  /** The exit status of a failure of this command. */
  failureStatus: number;
  /** Does the work; resolves with the exit status. `engine` is undefined where no thawd runs. */
  run(parsed: Parsed, client: Client, engine: Engine): Promise<number>;
}
