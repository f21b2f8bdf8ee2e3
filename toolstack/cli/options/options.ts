// SPDX-License-Identifier: Apache-2.0
// How words become options: Node's own parseArgs takes them apart, up to the first that is none; what it lets pass is refused here.

import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.js';

/** As parseArgs takes it, and what help says of it. A string wants a value, a boolean takes none, or `=true` or `=false`. */
export interface OptionSpec {
  type: 'string' | 'boolean';
  /** One letter. */
  short?: string;
  describe: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Parsed options by their long names, each with all its values in the order in which they stood, and what stood behind them. */
export interface Parsed {
  options: Record<string, (string | boolean)[]>;
  positional: string[];
  /** `--help`, or a `-h` that is no option of the table, stands among the options. */
  asksForHelp: boolean;
}

/**
 * Reads options up to the first word that is none, or `--`, which is left out; what follows is positional, whatever it looks like.
 * `program` is what the table belongs to, as in `thaw run`. Throws UsageError, unless help is asked for as well.
 */
export function parseOptions(program: string, table: OptionTable, words: string[]): Parsed {
  const tokens = tokensOf(table, words);
  const parsed: Parsed = { options: {}, positional: [], asksForHelp: false };
  let wrong: string | undefined;
  for (const token of tokens) {
    if (token.kind !== 'option') {
      parsed.positional = words.slice(token.index + (token.kind === 'positional' ? 0 : 1));
      break;
    }
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!option && (rawName === '--help' || rawName === '-h')) parsed.asksForHelp = true;
    else if (!option) wrong ??= `Cannot use ${rawName}: ${program} has no such option`;
    else if (option.type === 'boolean' && ![undefined, 'true', 'false'].includes(value))
      wrong ??= `Cannot use ${rawName}=${value ?? ''}: it takes no value, or true or false`;
    else if (option.type === 'boolean') (parsed.options[name] ??= []).push(value !== 'false');
    else if (value === undefined) wrong ??= `Cannot use ${rawName} alone: it wants a value`;
    else {
      const isShort = inlineValue && !rawName.startsWith('--');
      (parsed.options[name] ??= []).push(isShort ? value.replace(/^=/, '') : value);
    }
  }
  if (wrong !== undefined && !parsed.asksForHelp)
    throw new UsageError(`${wrong}; see ${program} --help`);
  return parsed;
}

/**
 * Those of the options, and of what ends them. A container's own words are not taken apart: parseArgs takes the square of their number of
 * steps for those that begin with a dash, 44 s for a hundred thousand.
 */
function tokensOf(table: OptionTable, words: string[]) {
  for (let count = FIRST_WORDS; ; count *= 4) {
    const args = words.slice(0, count);
    const { tokens } = parseArgs({
      ...{ args, options: table, strict: false, allowPositionals: true, tokens: true },
    });
    // Where none has ended them yet, the last may want the next word as its value.
    if (count >= words.length || tokens.some(({ kind }) => kind !== 'option')) return tokens;
  }
}

const FIRST_WORDS = 64;

/** A string option that may be given once; the last one counts. */
export function stringOption({ options }: Parsed, name: string): string | undefined {
  const last = options[name]?.at(-1);
  return typeof last === 'string' ? last : undefined;
}

/** A string option that may be repeated. */
export function stringList({ options }: Parsed, name: string): string[] {
  return (options[name] ?? []).map(String);
}

export function flag({ options }: Parsed, name: string): boolean {
  return options[name]?.at(-1) === true;
}

/** `-m, --memory VALUE` and what it is, with --help last. */
export function optionEntries(table: OptionTable): [left: string, right: string][] {
  const rows = Object.entries(table).map(([name, { type, short, describe }]): [string, string] => {
    const left = `${short === undefined ? '' : `-${short}, `}--${name}`;
    return [type === 'boolean' ? left : `${left} VALUE`, describe];
  });
  const ownsH = Object.values(table).some(({ short }) => short === 'h');
  return [...rows, [ownsH ? '--help' : '-h, --help', 'Print this']];
}

/** A table's rows for help. */
export function optionRows(table: OptionTable): string[] {
  const rows = optionEntries(table).map(([left, right]): [string, string] => [
    left.startsWith('--') ? `      ${left}` : `  ${left}`,
    right,
  ]);
  const width = Math.min(LEFT_MOST, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) =>
    left.length > width
      ? [left, `${' '.repeat(width)}  ${right}`]
      : [`${left.padEnd(width)}  ${right}`],
  );
}

/** An option whose name is longer has a line of its own. */
const LEFT_MOST = 27;
