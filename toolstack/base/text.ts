// SPDX-License-Identifier: Apache-2.0
// Makes untrusted or raw values into text for a terminal, a log or a table; reads and writes sizes.

import { ThawError } from './errors.js';

/**
 * Characters that a terminal obeys or hides: controls, format characters (those that reverse the direction of a line among them), line and paragraph
 * separators, halves of surrogate pairs.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Returns untrusted text with `instead` in place of each character that a terminal obeys or hides. */
export function plain(untrusted: string, instead = ' '): string {
  return untrusted.replace(OBEYED, instead);
}

/** Returns untrusted text fit for a log or a terminal: UTF-8, as plain() does, cut at `max` characters. */
export function printable(untrusted: Buffer | string, max: number): string {
  return plain(plain(untrusted.toString('utf8')).trim().slice(0, max));
}

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/**
 * Reads a size as podman does: a number, perhaps with a fraction, and a unit b, k, m, g or t (also `kb`, `kib`), in bytes.
 * Throws ERR_USAGE naming `what` when it is none.
 */
export function parseBytes(what: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:(b?)|([kmgt])(?:i?b)?)$/i.exec(text.trim());
  const unit = UNITS[(match?.[3] ?? match?.[2] ?? '').toLowerCase()];
  const value = match?.[1] === undefined || unit === undefined ? NaN : Number(match[1]) * unit;
  if (!Number.isSafeInteger(Math.floor(value))) {
    throw new ThawError(
      'ERR_USAGE',
      `Cannot read ${what} "${text}": a number with a unit b, k, m or g is wanted, such as 64m`,
    );
  }
  return Math.floor(value);
}

/** Returns a size for people: `64 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${names[unit]}`;
}

/** Returns an age for people: `3 seconds ago`, `2 hours ago`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const steps: [number, string][] = [
    [365 * 86400, 'year'],
    [30 * 86400, 'month'],
    [7 * 86400, 'week'],
    [86400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  const [size, name] = steps.find(([s]) => seconds >= s) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'} ago`;
}
