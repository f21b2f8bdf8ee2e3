// SPDX-License-Identifier: Apache-2.0
// Errors of copies from and to the host.

import { ThawError } from '../base/errors.js';

/** ERR_COPY. */
export class CopyError extends ThawError {
  constructor(message: string, cause?: unknown) {
    super('ERR_COPY', message, cause === undefined ? {} : { cause });
  }
}
