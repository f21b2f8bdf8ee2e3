// SPDX-License-Identifier: Apache-2.0
// Defines errors of a command line.

import { ThawError } from '../../base/errors.js';

/** The message names the wrong word and the command that prints help. */
export class UsageError extends ThawError {
  constructor(message: string) {
    super('ERR_USAGE', message);
  }
}

/** The error for an option that a program does not have. */
export class UnknownOptionError extends UsageError {
  /** `names` are the options that the program has. */
  constructor(
    readonly program: string,
    readonly option: string,
    readonly names: readonly string[],
  ) {
    super(`Cannot use ${option}: ${program} has no such option; see ${program} --help`);
  }

  /** Returns the message with an option that the user may have meant. */
  describe(like: string): string {
    const { program, option } = this;
    return `Cannot use ${option}: ${program} has no such option; did you mean ${like}? See ${program} --help`;
  }
}
