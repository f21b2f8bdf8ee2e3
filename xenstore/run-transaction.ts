// SPDX-License-Identifier: Apache-2.0
// Makes a set of changes visible all at once or not at all, and retries when another client changed the same nodes first. In this order: start, run
// the body, wait for its calls, commit. On EAGAIN all steps run again with a fresh view of the store.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.js';
import { isXenstoreError, XenstoreError } from './errors.js';
import { limitTime, rejectOnAbort } from './time-limit.js';
import { Transaction } from './transaction.js';

export interface TransactionOptions {
  /** For all attempts together; default: the client's timeout. */
  readonly timeoutMs?: number | undefined;
  /** The most runs of the body; default 100. */
  readonly maxAttempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `body`, again on each EAGAIN, and resolves with its result. client.ts has the contract for callers. */
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
      // Two clients that collided would collide again at once: wait for a random, growing time.
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
  // The signal does not cancel the END itself: a waiting END has to be sent, or xenstored keeps the transaction.
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
    // The body's error is the one to report. A transaction that xenstored no longer knows needs no end.
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
