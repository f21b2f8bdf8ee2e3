// SPDX-License-Identifier: Apache-2.0
// The error of a command line that cannot be understood.

import { ThawError } from '../../base/errors.js';

/** The message says which word is wrong and where help is. */
export class UsageError extends ThawError {
  constructor(message: string) {
    super('ERR_USAGE', message);
  }
}
