// SPDX-License-Identifier: Apache-2.0
// What the Xen tests of the client share: the same test over xenstored's socket and over /dev/xen/xenbus, in a subtree of its own.

import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';

export const SOCKET = '/run/xenstored/socket';
export const DEVICE = '/dev/xen/xenbus';
export const TRANSPORTS = [SOCKET, DEVICE] as const;

// A thousand calls wait for each other on the device, and the emulated host may have to share its CPU.
const TIMEOUT_MS = 200_000;

export interface Place {
  readonly client: XenstoreClient;
  /** A subtree for this test alone, removed at its end. */
  readonly root: string;
  /** A second connection that works on the same store, closed at the test's end: over the socket unless said otherwise. */
  another(path?: string): Promise<XenstoreClient>;
}

const clients = new Map<string, Promise<XenstoreClient>>();
let places = 0;

test.after.always('the clients are closed', async () => {
  for (const client of clients.values()) await (await client).close();
});

/** Declares the test once for each transport. Titles end with the transport. */
export function testBoth(
  title: string,
  body: (t: ExecutionContext, place: Place) => Promise<void>,
): void {
  for (const path of TRANSPORTS) {
    test.serial(`${title} (${path})`, async (t) => {
      t.true(existsSync(path), `${path} is missing: these tests run in dom0 of a Xen host`);
      const client = await sharedClient(path);
      const root = `/tool/thaw-test/${process.pid}-${places++}`;
      const others: XenstoreClient[] = [];
      const another = async (otherPath: string = SOCKET) => {
        const other = await openXenstore({ path: otherPath, timeoutMs: TIMEOUT_MS });
        others.push(other);
        return other;
      };
      try {
        await client.mkdir(root);
        await body(t, { client, root, another });
      } finally {
        await Promise.all(others.map((other) => other.close()));
        await removeTree(root);
      }
    });
  }
}

// One for each transport and test file: each on the device has a thread to start, which takes the emulated host a second.
function sharedClient(path: string): Promise<XenstoreClient> {
  const client = clients.get(path) ?? openXenstore({ path, timeoutMs: TIMEOUT_MS });
  clients.set(path, client);
  return client;
}

async function removeTree(root: string): Promise<void> {
  const client = await sharedClient(SOCKET);
  await client.rm(root);
  // The last test out takes the common parent along.
  await client.transaction(async (tx) => {
    const rest = await tx.readIfExists('/tool/thaw-test');
    if (rest !== undefined && (await tx.directory('/tool/thaw-test')).length === 0)
      await tx.rm('/tool/thaw-test');
  });
}
