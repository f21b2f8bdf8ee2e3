// SPDX-License-Identifier: Apache-2.0
// Checks values of an untrusted file before their use. Each function throws for a wrong value, naming the field. Pure.

export const HEX = /^[0-9a-f]{64}$/;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
const WORDS_MAX = 100_000;

/** A JSON object. */
export type Untrusted = Record<string, unknown>;

export function wrong(what: string): Error {
  return new Error(`its header is wrong in ${what}`);
}

export function object(value: unknown, what: string): Untrusted {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what);
  return value as Untrusted;
}

export function list(value: unknown, what: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw wrong(what);
  return value;
}

export function text(value: unknown, what: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw wrong(what);
  return value;
}

/** Checks the words of a command line. */
export function texts(value: unknown, what: string): string[] {
  return list(value, what, WORDS_MAX).map((word) => text(word, what, /^[^\0]*$/));
}

export function number(value: unknown, what: string, most: number): number {
  if (typeof value !== 'number' || !(value > 0 && value <= most)) throw wrong(what);
  return value;
}

export function whole(value: unknown, what: string, least: number, most: number): number {
  if (!Number.isSafeInteger(value)) throw wrong(what);
  const count = value as number;
  if (count < least || count > most) throw wrong(what);
  return count;
}
