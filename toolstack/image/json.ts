// SPDX-License-Identifier: Apache-2.0
// Reads fields of untrusted JSON: each getter returns its type, or throws ERR_IMAGE_CORRUPT, naming the field.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ImageError } from './errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads a whole file. Rejects with ERR_IMAGE_CORRUPT for a file longer than `maxBytes`. */
export async function readLimited(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw corrupt(`${path} is longer than ${maxBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export function parseObject(untrustedText: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(untrustedText);
  } catch (error) {
    throw new ImageError('ERR_IMAGE_CORRUPT', `Image ${what} is not JSON`, { cause: error });
  }
  return asObject(value, what);
}

export function asObject(untrustedValue: unknown, what: string): JsonObject {
  if (
    typeof untrustedValue !== 'object' ||
    untrustedValue === null ||
    Array.isArray(untrustedValue)
  ) {
    throw corrupt(`${what} is not an object`);
  }
  return untrustedValue as JsonObject;
}

/** Returns a string, or '' where the field is absent or null. */
export function stringField(o: JsonObject, key: string, maxLength = 65536): string {
  const value = o[key] ?? '';
  if (typeof value !== 'string' || value.length > maxLength || value.includes('\0')) {
    throw corrupt(`field ${key} is not a string of at most ${maxLength} characters`);
  }
  return value;
}

/** Returns an array of strings, or [] where the field is absent or null. */
export function stringsField(o: JsonObject, key: string, maxItems = 4096): string[] {
  const value = o[key] ?? [];
  if (!Array.isArray(value) || value.length > maxItems) {
    throw corrupt(`field ${key} is not an array of at most ${maxItems} strings`);
  }
  return value.map((item: unknown) => {
    if (typeof item !== 'string' || item.includes('\0'))
      throw corrupt(`field ${key} holds something other than strings`);
    return item;
  });
}

/** Returns an object of strings, or {} where the field is absent or null. */
export function stringMapField(o: JsonObject, key: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(asObject(o[key] ?? {}, `field ${key}`))) {
    if (typeof value !== 'string') throw corrupt(`field ${key} holds something other than strings`);
    out[name] = value;
  }
  return out;
}

/** Returns the keys of an object used as a set, or [] where the field is absent or null. */
export function keysField(o: JsonObject, key: string): string[] {
  return Object.keys(asObject(o[key] ?? {}, `field ${key}`));
}

/** Returns the SHA-256 of the bytes as sha256:HEX. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

function corrupt(why: string): ImageError {
  return new ImageError('ERR_IMAGE_CORRUPT', `Image metadata is damaged: ${why}`);
}
