// SPDX-License-Identifier: Apache-2.0
// How to wait until a node has a value, or is gone: a watch, and a look at each of its events.

import type { Connection } from './connection.js';
import { describeCall, XenstoreError } from './errors.js';
import type { NodeOperations } from './operations.js';
import type { RequestOptions } from './pending-call.js';
import { xsPath } from './paths.js';
import { limitTime } from './time-limit.js';
import { Watch } from './watch.js';

/** Says whether the wait is over; takes the value, undefined while the node does not exist. */
export type ValuePredicate = (value: string | undefined) => boolean;

/** Resolves with the first value that the predicate takes. Rejects with ERR_XENSTORE_TIMEOUT, which names the last value seen. */
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
    // The first event comes at once, so the value that is there already is looked at too.
    while ((await watch.next()).done !== true) {
      last = await operations.readIfExists(path, { signal, timeoutMs });
      if (predicate(last)) return last;
    }
    throw new XenstoreError('ERR_XENSTORE_CLOSED', `${describeCall(OP, path)}: the watch ended`);
  } finally {
    limit.clear();
    // The outcome is known; that the watch cannot be taken back changes nothing of it.
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
