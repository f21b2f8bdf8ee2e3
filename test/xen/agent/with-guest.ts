// SPDX-License-Identifier: Apache-2.0
// Gives tests of the agent on a real domain a guest of each type, for one test or for several in a row.

import test, { type ExecutionContext } from 'ava';
import { XenGuest } from '../../support/xen/xen-guest.js';

type Body = (t: ExecutionContext, guest: XenGuest) => Promise<void>;

/** Declares a test for each type of domain. Its guest is connected, and destroyed after the test. */
export function testGuest(title: string, body: Body): void {
  for (const type of ['pv', 'pvh'] as const)
    test.serial(`${title} (${type})`, async (t) => {
      const guest = await connectedGuest(type);
      try {
        await seen(t, guest, body);
      } finally {
        guest.destroy();
      }
    });
}

/** Guests that several tests share in turn: a boot in the lab takes longer than most of these tests. */
const lasting = new Map<string, XenGuest>();

/** Declares tests like testGuest(), on the guest of the previous such test unless that failed. Its control channel is connected. */
export function testLasting(title: string, body: Body): void {
  for (const type of ['pv', 'pvh'] as const)
    test.serial(`${title} (${type})`, async (t) => {
      const guest = lasting.get(type) ?? (await connectedGuest(type));
      lasting.set(type, guest);
      try {
        await seen(t, guest, body);
      } catch (error) {
        lasting.delete(type);
        guest.destroy();
        throw error;
      }
    });
}

test.after.always('the lasting guests go', () => {
  for (const guest of lasting.values()) guest.destroy();
});

async function connectedGuest(type: 'pv' | 'pvh'): Promise<XenGuest> {
  const guest = await XenGuest.boot({ type, vcpus: 2 });
  try {
    await guest.connectControl();
    await guest.connectData();
    return guest;
  } catch (error) {
    guest.destroy();
    throw error;
  }
}

/** Runs the test. Prints the guest's console when it fails. */
async function seen(t: ExecutionContext, guest: XenGuest, body: Body): Promise<void> {
  try {
    await body(t, guest);
  } catch (error) {
    t.log(guest.console());
    throw error;
  }
}
