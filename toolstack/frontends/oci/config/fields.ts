// SPDX-License-Identifier: Apache-2.0
// Reads optional fields of a JSON document, and names a field that is wrong. Pure; all functions throw ERR_OCI_CONFIG.

import { configError } from '../errors.js';

export type JsonObject = Record<string, unknown>;

export function object(value: unknown, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw configError(field, value === undefined ? 'is missing' : 'an object is wanted');
}

export function list(value: unknown, field: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw configError(field, 'a list is wanted');
}

export function string(value: unknown, field: string): string {
  if (typeof value === 'string' && !value.includes('\0')) return value;
  throw configError(field, value === undefined ? 'is missing' : 'a text is wanted');
}
