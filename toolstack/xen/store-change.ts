// SPDX-License-Identifier: Apache-2.0
// How thawd changes xenstore's records of domains and devices: one transaction after the other.

import type { NodeOperations } from '../../xenstore/index.js';
import type { XenHost } from './host.js';

/**
 * One transaction at a time for each host: all of them change the same parents, so side by side they would make each other
 * start again, without end on a busy host. Transactions of libxl and xl still may.
 */
export function changeStore(
  host: XenHost,
  body: (tx: NodeOperations) => Promise<void>,
): Promise<void> {
  const before = queues.get(host) ?? Promise.resolve();
  const result = before.then(() => host.xenstore.transaction(body, { timeoutMs: CHANGE_MS }));
  queues.set(
    host,
    result.catch(() => undefined),
  );
  return result;
}

const queues = new WeakMap<XenHost, Promise<void>>();
const CHANGE_MS = 120_000;

/** Removes nodes with all below them; those that are not there are skipped. All requests go out at once. */
export async function removeNodes(tx: NodeOperations, paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      if ((await tx.readIfExists(path)) !== undefined) await tx.rm(path);
    }),
  );
}
