// SPDX-License-Identifier: Apache-2.0
// /etc/thaw/thaw.toml: the options of thawd by their long names, for hosts where nobody writes its command line.

import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { errorCode, errorMessage } from '../../base/errors.js';
import { UsageError } from './usage-error.js';

/**
 * Returns the file's keys with their values as text. A missing file has none, unless the user named it. Throws UsageError, which names the
 * file, the key and the allowed values.
 */
export function readConfig(
  path: string,
  names: readonly string[],
  isNamed: boolean,
): Record<string, string> {
  const text = readIfThere(path, isNamed);
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${errorMessage(cause)}`);
  }
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => {
      if (!names.includes(key))
        throw new UsageError(
          `Cannot use ${key} in ${path}: ${names.join(', ')} are allowed; see thaw config`,
        );
      if (typeof value === 'string' || Number.isInteger(value)) return [key, String(value)];
      throw new UsageError(
        `Cannot use ${key} in ${path}: a string or a whole number is wanted; see thaw config`,
      );
    }),
  );
}

function readIfThere(path: string, isNamed: boolean): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !isNamed) return '';
    throw new UsageError(`Cannot read ${path}: ${errorMessage(error)}`);
  }
}
