// SPDX-License-Identifier: Apache-2.0
// Defines tables of options, and parses the words of a command line by them. yargs-parser collects the values; spell-out.ts has the rules of
// getopt(3).

import parser from 'yargs-parser';
import { spellOut, type Fault, type ShortNames } from './spell-out.js';
import type { OptionTable } from './table.js';
import { UnknownOptionError, UsageError } from './usage-error.js';

/** The options by their long names, each with all its values in order, and the positional words. */
export interface Parsed {
  options: Record<string, (string | boolean)[]>;
  positional: string[];
  /** True for `--help`, and for a `-h` that the table does not have. */
  asksForHelp: boolean;
}

/**
 * Parses `words` by the table. Options end at the first word that is not an option, or at `--`, which is left out. All later words are positional,
 * whatever they look like. `program`, such as `thaw run`, owns the table. Throws UsageError, unless the words also ask for help.
 */
export function parseOptions(program: string, table: OptionTable, words: string[]): Parsed {
  const { options, names, positional, asksForHelp, fault } = spellOut(
    table,
    shortNamesOf(table),
    words,
  );
  if (fault && !asksForHelp) throw usageError(program, table, fault);
  const parsed: Parsed = { options: {}, positional, asksForHelp };
  if (options.length === 0) return parsed;
  const configuration = configurationFor([...names]);
  for (let first = 0; first < options.length; first += BATCH) {
    const given = parser(options.slice(first, first + BATCH), configuration);
    for (const [name, values] of Object.entries(given)) {
      const type = table[name]?.type;
      if (type === undefined) continue; // `_`, the list of positional words
      const list = (parsed.options[name] ??= []);
      for (const text of [values].flat() as string[])
        list.push(type === 'boolean' ? text === 'true' : text);
    }
  }
  return parsed;
}

/** The number of options for one call of yargs-parser, which copies an option's list for each of its values. */
const BATCH = 500;

const shortNames = new WeakMap<OptionTable, ShortNames>();

/** Returns the long names of the table's one-letter options, by their letters. Makes the map only once. */
export function shortNamesOf(table: OptionTable): ShortNames {
  let found = shortNames.get(table);
  if (!found) {
    const pairs = Object.entries(table).flatMap(([name, { short }]): [string, string][] =>
      short === undefined ? [] : [[short, name]],
    );
    found = new Map(pairs);
    shortNames.set(table, found);
  }
  return found;
}

/** Returns yargs-parser's configuration for those options. The parser goes through all that it is told of, so it is told only of what is there. */
function configurationFor(names: readonly string[]): parser.Options {
  return {
    // Flags are strings too: yargs-parser keeps only the last value of a boolean.
    string: [...names],
    // Without `narg`, yargs-parser removes the quotes around a value.
    narg: Object.fromEntries(names.map((name) => [name, 1])),
    configuration: PLAIN,
  };
}

const PLAIN: Partial<parser.Configuration> = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'duplicate-arguments-array': true,
  // A value may begin with a dash.
  'nargs-eats-options': true,
  'parse-numbers': false,
};

function usageError(program: string, table: OptionTable, fault: Fault): UsageError {
  const { option, kind, value = '' } = fault;
  if (kind === 'unknown') return new UnknownOptionError(program, option, Object.keys(table));
  const reason =
    kind === 'needs a value'
      ? `${option} alone: it wants a value`
      : `${option}=${value}: it takes no value, or true or false`;
  return new UsageError(`Cannot use ${reason}; see ${program} --help`);
}

/** Returns the last value of a string option. */
export function stringOption({ options }: Parsed, name: string): string | undefined {
  const last = options[name]?.at(-1);
  return typeof last === 'string' ? last : undefined;
}

/** Returns all values of a string option. */
export function stringList({ options }: Parsed, name: string): string[] {
  return (options[name] ?? []).map(String);
}

export function flag({ options }: Parsed, name: string): boolean {
  return options[name]?.at(-1) === true;
}

/** Returns `-m, --memory VALUE` and its description, for each option; --help comes last. */
export function optionEntries(table: OptionTable): [left: string, right: string][] {
  const rows = Object.entries(table).map(([name, { type, short, describe }]): [string, string] => {
    const left = `${short === undefined ? '' : `-${short}, `}--${name}`;
    return [type === 'boolean' ? left : `${left} VALUE`, describe];
  });
  const ownsH = Object.values(table).some(({ short }) => short === 'h');
  return [...rows, [ownsH ? '--help' : '-h, --help', 'Print this']];
}

/** Returns the rows of the table in thawd's help. */
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

/** The greatest width of the left column. A longer option has its own line. */
const LEFT_MOST = 27;
