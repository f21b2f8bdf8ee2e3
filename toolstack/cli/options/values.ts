// SPDX-License-Identifier: Apache-2.0
// Reads the values of options. Each function throws UsageError with the option, its value and the values that are allowed.

import { errorMessage } from '../../base/errors.js';
import { signalNumber } from '../../base/signals.js';
import { parseBytes } from '../../base/text.js';
import { UsageError } from './usage-error.js';

/** Returns the list, or undefined for an empty list. */
export function nonEmpty<V>(list: V[]): V[] | undefined {
  return list.length > 0 ? list : undefined;
}

export function choice<T extends string>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((a) => a === value);
  if (found === undefined)
    throw new UsageError(`Cannot use ${option} ${value}: ${allowed.join(', ')} are allowed`);
  return found;
}

export function bytes(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  try {
    return parseBytes(option, value);
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}

export function cpus(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d*\.?\d+$/.test(value))
    throw new UsageError(`Cannot use --cpus ${value}: a number such as 2 or 0.5 is wanted`);
  return Number(value);
}

/** Reads a whole number from `least` to `most`. */
export function whole(
  option: string,
  value: string | undefined,
  least = 0,
  most = 2 ** 31 - 1,
): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^-?\d{1,10}$/.test(value) || number < least || number > most)
    throw new UsageError(
      `Cannot use ${option} ${value}: a whole number from ${least} to ${most} is wanted`,
    );
  return number;
}

/** Returns the number of a signal that is written as 15, TERM or SIGTERM. */
export function signal(option: string, value: string): number {
  const number = signalNumber(value);
  if (number !== undefined) return number;
  throw new UsageError(
    `Cannot use ${option} ${value}: a name such as TERM or a number from 1 to 64 is wanted`,
  );
}

/** Reads `K=V`, or `K` for an empty value. The last value of a key counts. */
export function pairs(option: string, values: string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((item) => {
      const at = item.indexOf('=');
      const key = at < 0 ? item : item.slice(0, at);
      if (key === '') throw new UsageError(`Cannot use ${option} "${item}": write it as KEY=VALUE`);
      return [key, at < 0 ? '' : item.slice(at + 1)];
    }),
  );
}

/** Returns milliseconds since 1970, of a time in RFC 3339, in seconds since 1970, or as a duration before now such as 1h30m. */
export function time(
  option: string,
  value: string | undefined,
  now = Date.now(),
): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const ago = duration(value);
  if (ago !== undefined) return now - ago;
  const date = Date.parse(value);
  if (/^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(date)) return date;
  throw new UsageError(
    `Cannot use ${option} ${value}: a time such as 2026-01-31T12:00:00Z, seconds since 1970, or a duration such as 10m is wanted`,
  );
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Returns the milliseconds of a duration as Go writes it, such as 90s or 1h30m; undefined for any other text. */
export function duration(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(value)) return undefined;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return parts.reduce(
    (sum, [, number, unit = 's']) => sum + Number(number) * (UNITS_MS[unit] ?? 0),
    0,
  );
}
