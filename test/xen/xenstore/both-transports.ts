// SPDX-License-Identifier: Apache-2.0
// What the Xen tests of the client share: the same test over xenstored's socket and over /dev/xen/xenbus, in a subtree of its own.

import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';

export const TRANSPORTS = ['/run/xenstored/socket', '/dev/xen/xenbus'] as const;

// A thousand calls wait for each other on the device, and the emulated host may have to share its CPU.
const TIMEOUT_MS = 200_000;

export interface Place {
  readonly client: XenstoreClient;
  /** A subtree for this test alone, removed at its end. */
  readonly root: string;
  readonly device: boolean;
  /** One more client over the same transport, closed at the test's end. */
  another(): Promise<XenstoreClient>;
}

let places = 0;

/** Declares the test once for each transport. Titles end with the transport. */
export function testBoth(
  title: string,
  body: (t: ExecutionContext, place: Place) => Promise<void>,
): void {
  for (const path of TRANSPORTS) {
    test.serial(`${title} (${path})`, async (t) => {
      t.true(existsSync(path), `${path} is missing: these tests run in dom0 of a Xen host`);
      const client = await openXenstore({ path, timeoutMs: TIMEOUT_MS });
      const root = `/tool/thaw-test/${process.pid}-${places++}`;
      const others: XenstoreClient[] = [];
      const another = async () => {
        const other = await openXenstore({ path, timeoutMs: TIMEOUT_MS });
        others.push(other);
        return other;
      };
      try {
        await client.mkdir(root);
        await body(t, { client, root, device: path.startsWith('/dev'), another });
      } finally {
        await Promise.all([client, ...others].map((each) => each.close()));
        await removeTree(root);
      }
    });
  }
}

async function removeTree(root: string): Promise<void> {
  const client = await openXenstore();
  try {
    await client.rm(root);
    // The last test out takes the common parent along.
    await client.transaction(async (tx) => {
      const rest = await tx.readIfExists('/tool/thaw-test');
      if (rest !== undefined && (await tx.directory('/tool/thaw-test')).length === 0)
        await tx.rm('/tool/thaw-test');
    });
  } finally {
    await client.close();
  }
}
