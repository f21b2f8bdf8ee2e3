// SPDX-License-Identifier: Apache-2.0
// What a command is: data that drives parsing, help and dispatch, and one function that does it.

import type { Options } from 'yargs';
import type { Client, Engine } from '../api/engine.js';

/** Parsed options by their long names, and what stood behind them. */
export interface Parsed {
  options: Record<string, unknown>;
  positional: string[];
}

export interface Command {
  name: string;
  /** One line, third person would be wrong here: `Run a command in a new container`. */
  summary: string;
  /** What follows the options: `IMAGE [COMMAND [ARG...]]`. */
  params: string;
  examples: string[];
  options: Record<string, Options>;
  /** Turns forms that no option table has, such as `kill -9`, into ones it has. */
  rewrite?(words: string[]): string[];
  /** How many words may follow the options. */
  positionals: { min: number; max: number };
  /** The exit status of a failure of this command. */
  failureStatus: number;
  /** Does the work; resolves with the exit status. `engine` is undefined where no thawd runs. */
  run(parsed: Parsed, client: Client, engine: Engine): Promise<number>;
}

/** A string option that may be given once; the last one counts. */
export function stringOption(parsed: Parsed, name: string): string | undefined {
  const value = parsed.options[name];
  const last: unknown = Array.isArray(value) ? value[value.length - 1] : value;
  return typeof last === 'string' ? last : undefined;
}

/** A string option that may be repeated. */
export function stringList(parsed: Parsed, name: string): string[] {
  const value = parsed.options[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

export function flag(parsed: Parsed, name: string): boolean {
  const value = parsed.options[name];
  return (Array.isArray(value) ? value[value.length - 1] : value) === true;
}
