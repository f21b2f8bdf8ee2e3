// SPDX-License-Identifier: Apache-2.0
// Changes xenstore's records of domains and devices, one transaction after the other.

import { isXenstoreError, type NodeOperations } from '../../xenstore/index.js';
import type { XenHost } from './host.js';

/**
 * Runs one transaction at a time. All of them change the same parents, so side by side they would make each other
 * start again, without end on a busy host. Transactions of libxl and xl still run beside them.
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

/** Removes nodes with all below them, whether they are there or not. All requests go out at once. */
export async function removeNodes(tx: NodeOperations, paths: readonly string[]): Promise<void> {
  const results = await Promise.allSettled(paths.map((path) => tx.rm(path)));
  for (const result of results) {
    // The parent does not exist.
    if (result.status === 'rejected' && !isXenstoreError(result.reason, 'ENOENT'))
      throw result.reason;
  }
}
