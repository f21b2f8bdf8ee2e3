// SPDX-License-Identifier: Apache-2.0
// Tests that take long for what they show beyond others: `scripts/test --long` runs them, any other run says how many it left out.

import test, { type ExecutionContext } from 'ava';
import { isLong, isOnce } from './once.js';

type Body = (t: ExecutionContext) => Promise<void>;

/** `test.serial`, in a long run. scripts/lib/suites.sh knows by its title that this is why it was skipped. */
export function long(title: string, body: Body): void {
  if (isLong) test.serial(title, body);
  else test.serial.skip(`${title} (with --long)`, body);
}

/** `once`, in a long run. */
export function longOnce(title: string, body: Body): void {
  if (isOnce) long(title, body);
}

/** `test.serial`, which runs for PVH guests always and for PV guests in a long run: of the kind of guest it shows little that others do not. */
export function longOnPv(title: string, body: Body): void {
  if (isOnce) test.serial(title, body);
  else long(title, body);
}
