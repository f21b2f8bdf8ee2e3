// SPDX-License-Identifier: Apache-2.0
// Checks an untrusted document against a schema, and names the field that the schema refuses. Pure.

import { configError } from '../../errors.js';
import type { SchemaError, Validate } from './validators.js';

/**
 * Returns the document if the schema takes it. `within` is the path in config.json of the document, '' for the whole file. Throws ERR_OCI_CONFIG,
 * naming the field.
 */
export function checkSchema<T>(validate: Validate, untrusted: unknown, within: string): T {
  // SAFETY: the callers' T declares no more than the schema checks.
  if (validate(untrusted)) return untrusted as T;
  const [error] = validate.errors ?? [];
  if (!error) throw configError(within, 'it does not fit its schema');
  throw configError(fieldOf(error, within), reasonOf(error, untrusted));
}

/** Returns the keys of a JSON pointer (RFC 6901, section 4). */
function keysOf({ instancePath }: SchemaError): string[] {
  const keys = instancePath.split('/').slice(1);
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function fieldOf(error: SchemaError, within: string): string {
  const keys = keysOf(error);
  if (error.keyword === 'required') keys.push(String(error.params['missingProperty']));
  const field = keys.reduce(
    (path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
    within,
  );
  return field === '' ? 'the file' : field;
}

const WANTED: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

function reasonOf(error: SchemaError, document: unknown): string {
  const { keyword, params, message = 'it does not fit its schema' } = error;
  const value = valueAt(keysOf(error), document);
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'type': {
      const first = String([params['type']].flat()[0]);
      return value === undefined ? 'is missing' : `${WANTED[first] ?? first} is wanted`;
    }
    case 'minItems':
      return 'a program is wanted';
    case 'enum':
      return `"${String(value)}": ${(params['allowedValues'] as unknown[]).join(', ')} are allowed`;
    case 'exclusiveMinimum':
      return 'a number of seconds above 0 is wanted';
    case 'pattern':
      return patternReason(String(params['pattern']), String(value));
    default:
      return message;
  }
}

function patternReason(pattern: string, value: string): string {
  if (value.includes('\0')) return 'a text is wanted';
  if (pattern.includes('/')) return `"${value}" is no absolute path`;
  if (pattern.startsWith('^1')) return 'one of 1.x is wanted';
  return `"${value}" does not match ${pattern}`;
}

function valueAt(keys: readonly string[], document: unknown): unknown {
  return keys.reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
}
