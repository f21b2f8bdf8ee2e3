// SPDX-License-Identifier: Apache-2.0
// How a set of changes becomes visible all at once or not at all, and is tried again when another client was faster.
// In this order: start, run the body, wait for what it sent, commit; on EAGAIN the same again with a fresh view of the store.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.js';
import { isXenstoreError, XenstoreError } from './errors.js';
import { limitTime, rejectOnAbort } from './time-limit.js';
import { Transaction } from './transaction.js';

export interface TransactionOptions {
  /** For all attempts together; the client's default timeout else. */
  readonly timeoutMs?: number | undefined;
  /** How often the body runs at most; 100 by default. */
  readonly maxAttempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `body`, again on each EAGAIN, and resolves with what it returned. See client.ts for what callers are promised. */
export async function runTransaction<T>(
  connection: Connection,
  body: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { timeoutMs = connection.defaultTimeoutMs, maxAttempts = 100 } = options;
  const limit = limitTime(timeoutMs, options.signal, () => timeoutError(timeoutMs));
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await runOnce(connection, body, limit.signal);
      } catch (error) {
        if (!isXenstoreError(error, 'EAGAIN')) throw error;
        if (attempt >= maxAttempts) throw gaveUp(attempt, error);
      }
      // Two clients that collided would collide again at once: wait for a random time that grows.
      const ceilingMs = Math.min(2 ** attempt, 64);
      await rejectOnAbort(sleep(Math.random() * ceilingMs), limit.signal);
    }
  } finally {
    limit.clear();
  }
}

async function runOnce<T>(
  connection: Connection,
  body: (tx: Transaction) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const tx = await Transaction.start(connection, signal);
  const result = await bodyOf(tx, body, signal);
  // Not ended by the signal itself: an END that waits for its turn has to be sent, or xenstored keeps the transaction.
  await rejectOnAbort(tx.end(true), signal);
  return result;
}

async function bodyOf<T>(
  tx: Transaction,
  body: (tx: Transaction) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    const result = await rejectOnAbort(body(tx), signal);
    await tx.settle();
    return result;
  } catch (error) {
    // What matters is why the body failed. A transaction that xenstored does not know any more needs no end.
    await tx.end(false).catch(() => undefined);
    throw error;
  }
}

function gaveUp(attempts: number, cause: unknown): XenstoreError {
  return new XenstoreError(
    'ERR_XENSTORE_EAGAIN',
    `Cannot commit a transaction: other clients changed the same nodes in ${attempts} attempts (EAGAIN)`,
    { op: 'commit a transaction', cause },
  );
}

function timeoutError(timeoutMs: number): XenstoreError {
  return new XenstoreError(
    'ERR_XENSTORE_TIMEOUT',
    `Cannot commit a transaction: not done within ${timeoutMs / 1000} s`,
    { op: 'commit a transaction' },
  );
}
