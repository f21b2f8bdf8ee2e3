// SPDX-License-Identifier: Apache-2.0
// Tests of what dom0 does alone, whichever kind its guests are: their suite runs for each kind, they run once, in the pass over PVH guests, and
// over PV guests in a long run.

import test, { type ExecutionContext } from 'ava';
import { guestType } from './dom0/thaw.js';

/** Set by scripts/test --long. */
export const isLong = process.env['THAW_TEST_LONG'] === 'yes';

/** Whether this pass has them. */
export const isOnce = guestType === 'pvh' || isLong;

/** `test.serial`, in the one pass. What builds, copies, resizes or ends domains belongs into every pass. */
export function once(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (isOnce) test.serial(title, body);
}
