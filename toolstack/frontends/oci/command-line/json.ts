// SPDX-License-Identifier: Apache-2.0
// JSON for programs that have numbers of 64 bits: the greatest of them, "no limit", is one that JavaScript's numbers round up.

import { randomUUID } from 'node:crypto';

const MOST = '18446744073709551615';

/** As JSON.stringify(), with UINT64_MAX for what was read as 2 to the 64th. Pure. */
export function toJson(value: object): string {
  const token = randomUUID();
  const isRounded = (item: unknown): boolean => typeof item === 'number' && item >= 2 ** 64;
  const text = JSON.stringify(value, (_, item: unknown) => (isRounded(item) ? token : item));
  return text.replaceAll(`"${token}"`, MOST);
}
