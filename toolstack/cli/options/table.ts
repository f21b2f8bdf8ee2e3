// SPDX-License-Identifier: Apache-2.0
// Describes the options of a command as data.

export interface OptionSpec {
  /** A string needs a value; a boolean takes none, or `=true` or `=false`. */
  type: 'string' | 'boolean';
  /** One letter. */
  short?: string;
  describe: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;
