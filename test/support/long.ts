// SPDX-License-Identifier: Apache-2.0
// Tests that take long for the little that they add: `scripts/test --long` runs them, and any other run reports how many it skipped.

import test, { type ExecutionContext } from 'ava';
import { isLong, isOnce } from './once.js';

type Body = (t: ExecutionContext) => Promise<void>;

/** `test.serial`, in a long run. scripts/lib/suites.sh knows the reason of the skip by its title. */
export function long(title: string, body: Body): void {
  if (isLong) test.serial(title, body);
  else test.serial.skip(`${title} (with --long)`, body);
}

/** `once`, in a long run. */
export function longOnce(title: string, body: Body): void {
  if (isOnce) long(title, body);
}

/** `test.serial`, always for PVH guests and in a long run for PV guests: a second kind of guest adds little to this test. */
export function longOnPv(title: string, body: Body): void {
  if (isOnce) test.serial(title, body);
  else long(title, body);
}
