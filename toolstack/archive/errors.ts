// SPDX-License-Identifier: Apache-2.0
// What goes wrong with files of the host that are copied.

import { ThawError } from '../base/errors.js';

/** ERR_COPY. */
export class CopyError extends ThawError {
  constructor(message: string, cause?: unknown) {
    super('ERR_COPY', message, cause === undefined ? {} : { cause });
  }
}
