// SPDX-License-Identifier: Apache-2.0
// How many bytes of a filesystem stay free: thaw's default, or the administrator's setting.

import { ThawError } from '../base/errors.js';
import { parseBytes } from '../base/text.js';

/** A number of bytes, a share of the filesystem from 0 to 1, or thaw's default. */
export type ReserveSetting = 'default' | { bytes: number } | { share: number };

const GIB = 2 ** 30;
const DEFAULT_SHARE = 0.05;
const LEAST_BYTES = GIB;
const MOST_BYTES = 10 * GIB;
/** Below this size, LEAST_BYTES would be too much of the filesystem. */
const SMALL_BYTES = 10 * GIB;
const SMALL_SHARE = 0.1;
/** With a larger share no pull would fit into an empty filesystem. */
const SHARE_MOST = 0.5;

/** No reserve at all. */
export const NOTHING: ReserveSetting = { bytes: 0 };

/**
 * Reads the setting: empty for the default, `0` for no reserve, a size such as `2g`, or a share such as `5%`. Throws ERR_USAGE, which names `what`.
 * Pure.
 */
export function parseReserve(what: string, text: string): ReserveSetting {
  const given = text.trim();
  if (given === '') return 'default';
  const percent = /^(\d{1,2}(?:\.\d+)?)%$/.exec(given)?.[1];
  if (percent === undefined) return { bytes: parseBytes(what, given) };
  const share = Number(percent) / 100;
  if (share <= SHARE_MOST) return { share };
  throw new ThawError('ERR_USAGE', `Cannot read ${what} "${text}": at most 50% are allowed`);
}

/** Returns the bytes that stay free on a filesystem of that size. Pure. */
export function reserveOf(totalBytes: number, setting: ReserveSetting): number {
  if (setting === 'default') return defaultOf(totalBytes);
  const wanted = 'bytes' in setting ? setting.bytes : totalBytes * setting.share;
  return Math.floor(Math.min(wanted, totalBytes));
}

function defaultOf(totalBytes: number): number {
  if (totalBytes < SMALL_BYTES) return Math.floor(totalBytes * SMALL_SHARE);
  const wanted = Math.floor(totalBytes * DEFAULT_SHARE);
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, wanted));
}
