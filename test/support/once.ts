// SPDX-License-Identifier: Apache-2.0
// Tests of dom0 alone, independent of the guests' kind. Their suite runs for each kind, but these tests run once, in the pass over PVH guests, and
// over PV guests in a long run.

import test, { type ExecutionContext } from 'ava';
import { guestType } from './dom0/thaw.js';

/** Set by scripts/test --long. */
export const isLong = process.env['THAW_TEST_LONG'] === 'yes';

/** True when this pass runs these tests. */
export const isOnce = guestType === 'pvh' || isLong;

/** `test.serial`, in the one pass. A test that builds, copies, resizes or ends domains belongs into every pass. */
export function once(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (isOnce) test.serial(title, body);
}
