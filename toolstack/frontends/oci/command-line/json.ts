// SPDX-License-Identifier: Apache-2.0
// Writes JSON for programs with 64-bit numbers. JavaScript's numbers round up the greatest of them, UINT64_MAX, which means "no limit".

import { randomUUID } from 'node:crypto';

const MOST = '18446744073709551615';

/** Works as JSON.stringify(), but writes UINT64_MAX for numbers from 2 to the 64th on. Pure. */
export function toJson(value: object): string {
  const token = randomUUID();
  const isRounded = (item: unknown): boolean => typeof item === 'number' && item >= 2 ** 64;
  const text = JSON.stringify(value, (_, item: unknown) => (isRounded(item) ? token : item));
  return text.replaceAll(`"${token}"`, MOST);
}
