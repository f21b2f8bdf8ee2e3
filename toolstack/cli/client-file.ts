// SPDX-License-Identifier: Apache-2.0
// Files that a client names in its command line: read by thawd, from the client's folder.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Client } from '../api/engine.js';
import { describeError } from '../base/errors.js';
import { UsageError } from './usage-error.js';

/** A small text file. Throws UsageError. */
export function readClientFile(option: string, path: string, client: Client): string {
  try {
    return readFileSync(resolve(client.cwd, path), 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot use ${option} ${path}: ${describeError(error)}`);
  }
}
