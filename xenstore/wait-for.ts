// SPDX-License-Identifier: Apache-2.0
// Waits until a node has a value, or is removed: sets a watch and reads the node at each of its events.

import type { Connection } from './connection.js';
import { describeCall, XenstoreError } from './errors.js';
import type { NodeOperations } from './operations.js';
import type { RequestOptions } from './pending-call.js';
import { xsPath } from './paths.js';
import { limitTime } from './time-limit.js';
import { Watch } from './watch.js';

/** Returns true when the wait is over. Receives the value, undefined while the node does not exist. */
export type ValuePredicate = (value: string | undefined) => boolean;

/** Resolves with the first value that the predicate accepts. Rejects with ERR_XENSTORE_TIMEOUT, which names the last value seen. */
export async function waitForValue(
  connection: Connection,
  operations: NodeOperations,
  path: string,
  predicate: ValuePredicate,
  options: RequestOptions = {},
): Promise<string | undefined> {
  const { timeoutMs = connection.defaultTimeoutMs } = options;
  let last: string | undefined;
  const limit = limitTime(timeoutMs, options.signal, () => timeoutError(path, last, timeoutMs));
  const { signal } = limit;
  let watch: Watch | undefined;
  try {
    watch = await Watch.start(connection, xsPath(path), { signal, timeoutMs });
    // The first event comes at once, so the present value is checked too.
    while ((await watch.next()).done !== true) {
      last = await operations.readIfExists(path, { signal, timeoutMs });
      if (predicate(last)) return last;
    }
    throw new XenstoreError('ERR_XENSTORE_CLOSED', `${describeCall(OP, path)}: the watch ended`);
  } finally {
    limit.clear();
    // The outcome is known; a failure to remove the watch does not change it.
    await watch?.unwatch().catch(() => undefined);
  }
}

const OP = 'wait for';

function timeoutError(path: string, last: string | undefined, timeoutMs: number): XenstoreError {
  const state = last === undefined ? 'it did not exist' : `it was ${JSON.stringify(last)}`;
  return new XenstoreError(
    'ERR_XENSTORE_TIMEOUT',
    `${describeCall(OP, path)}: ${state} after ${timeoutMs / 1000} s`,
    { op: OP, path },
  );
}
