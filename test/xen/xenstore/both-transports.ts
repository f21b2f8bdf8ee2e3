// SPDX-License-Identifier: Apache-2.0
// Runs the client's Xen tests over xenstored's socket and over /dev/xen/xenbus, each test in a subtree of its own.

import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';

export const SOCKET = '/run/xenstored/socket';
export const DEVICE = '/dev/xen/xenbus';
export const TRANSPORTS = [SOCKET, DEVICE] as const;

// A thousand calls queue on the device, and the emulated host may share its CPU.
const TIMEOUT_MS = 200_000;

export interface Place {
  readonly client: XenstoreClient;
  /** A subtree for this test alone, removed at its end. */
  readonly root: string;
  /** A second connection to the same store, closed at the test's end. It uses the socket unless specified otherwise. */
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

// One connection for each transport and test file: the device transport starts a thread, which takes the emulated host a second.
function sharedClient(path: string): Promise<XenstoreClient> {
  const client = clients.get(path) ?? openXenstore({ path, timeoutMs: TIMEOUT_MS });
  clients.set(path, client);
  return client;
}

async function removeTree(root: string): Promise<void> {
  const client = await sharedClient(SOCKET);
  await client.rm(root);
  // The last test to end also removes the common parent.
  await client.transaction(async (tx) => {
    const rest = await tx.readIfExists('/tool/thaw-test');
    if (rest !== undefined && (await tx.directory('/tool/thaw-test')).length === 0)
      await tx.rm('/tool/thaw-test');
  });
}
