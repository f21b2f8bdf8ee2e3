// SPDX-License-Identifier: Apache-2.0
// One attempt at a transaction: started, used, committed or discarded.

import type { Connection } from './connection.js';
import { describeCall, replyError, XenstoreError } from './errors.js';
import { NodeOperations } from './operations.js';
import { decodeString, decodeU32, encodeStrings } from './payload.js';
import type { RequestOptions } from './pending-call.js';
import { MessageType, type RequestType } from './wire.js';

/** The store as it was at the start plus this transaction's own changes. Usable until the body has ended. */
export class Transaction extends NodeOperations {
  readonly id: number;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #calls = new Set<Promise<Buffer>>();
  #isOpen = true;

  private constructor(connection: Connection, id: number, signal: AbortSignal) {
    super();
    this.#connection = connection;
    this.id = id;
    this.#signal = signal;
  }

  /** TRANSACTION_START. All calls of the transaction end when `signal` aborts. */
  static async start(connection: Connection, signal: AbortSignal): Promise<Transaction> {
    return new Transaction(connection, await startTransaction(connection, signal), signal);
  }

  protected override call(
    type: RequestType,
    op: string,
    path: string | undefined,
    payload: Buffer,
    options: RequestOptions = {},
  ): Promise<Buffer> {
    if (!this.#isOpen)
      return Promise.reject(
        new XenstoreError(
          'ERR_XENSTORE_TRANSACTION',
          `${describeCall(op, path)}: its transaction has ended`,
          { op, path },
        ),
      );
    const signal =
      options.signal === undefined ? this.#signal : AbortSignal.any([options.signal, this.#signal]);
    const request = { type, op, path, payload, txId: this.id };
    const call = this.#connection.request(request, { ...options, signal });
    this.#calls.add(call);
    const forget = () => this.#calls.delete(call);
    call.then(forget, forget);
    return call;
  }

  /** Waits for calls that the body did not wait for. If one of them fails, the transaction fails. */
  async settle(): Promise<void> {
    while (this.#calls.size > 0) await Promise.all(this.#calls);
  }

  /** TRANSACTION_END. A later call on this object rejects with ERR_XENSTORE_TRANSACTION. */
  async end(isCommit: boolean): Promise<void> {
    this.#isOpen = false;
    await endTransaction(this.#connection, this.id, isCommit);
  }
}

/** TRANSACTION_START. Discards a transaction that starts after the caller has stopped waiting. */
async function startTransaction(connection: Connection, signal: AbortSignal): Promise<number> {
  const op = 'start a transaction';
  const reply = await connection.request(
    {
      type: MessageType.transactionStart,
      op,
      payload: encodeStrings(''),
      onLateSuccess: (late) => {
        const id = decodeU32(decodeString(late));
        if (id !== undefined) endTransaction(connection, id, false).catch(() => undefined);
      },
    },
    { signal },
  );
  const id = decodeU32(decodeString(reply));
  if (id === undefined || id === 0) throw replyError(op, undefined, reply);
  return id;
}

async function endTransaction(
  connection: Connection,
  txId: number,
  isCommit: boolean,
): Promise<void> {
  const op = isCommit ? 'commit a transaction' : 'discard a transaction';
  const payload = encodeStrings(isCommit ? 'T' : 'F');
  await connection.request({ type: MessageType.transactionEnd, op, payload, txId });
}
