// SPDX-License-Identifier: Apache-2.0
// The error of a command line that cannot be understood.

import { ThawError } from '../../base/errors.js';

/** The message says which word is wrong and where help is. */
export class UsageError extends ThawError {
  constructor(message: string) {
    super('ERR_USAGE', message);
  }
}

/** An option that the program does not have. The message grows a suggestion where one of `names` is alike. */
export class UnknownOptionError extends UsageError {
  constructor(
    readonly program: string,
    readonly option: string,
    readonly names: readonly string[],
  ) {
    super(`Cannot use ${option}: ${program} has no such option; see ${program} --help`);
  }
}
