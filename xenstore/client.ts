// SPDX-License-Identifier: Apache-2.0
// The XenStore client: connects, works on nodes, runs transactions, watches, and tells xenstored of domains.

import { Connection } from './connection.js';
import { isXenstoreError, replyError, XenstoreError } from './errors.js';
import { NodeOperations } from './operations.js';
import { decodeString, encodeStrings } from './payload.js';
import { xsPath, type XsPath } from './paths.js';
import type { RequestOptions } from './pending-call.js';
import { encodeDomid } from './permissions.js';
import { runTransaction, type TransactionOptions } from './run-transaction.js';
import type { Transaction } from './transaction.js';
import { openTransport } from './open-transport.js';
import { waitForValue, type ValuePredicate } from './wait-for.js';
import { Watch, type WatchOptions } from './watch.js';
import { MessageType, type RequestType } from './wire.js';

export interface OpenOptions {
  /** The path of a socket or xenbus device; default: XENSTORED_PATH, /run/xenstored/socket, /dev/xen/xenbus. */
  readonly path?: string | undefined;
  /** The timeout of calls that give none of their own; default 30 s. */
  readonly timeoutMs?: number | undefined;
}

/** Connects to xenstored. Rejects with ERR_XENSTORE_CONNECT or ERR_XENSTORE_TIMEOUT. */
export async function openXenstore(options: OpenOptions = {}): Promise<XenstoreClient> {
  const { path, timeoutMs = 30_000 } = options;
  const transport = await openTransport(path, timeoutMs);
  return new XenstoreClient(new Connection(transport, timeoutMs), transport.path);
}

/** One connection to xenstored. Watches and open transactions end with it. */
export class XenstoreClient extends NodeOperations {
  /** The socket or device in use. */
  readonly transportPath: string;
  /** Settles when the connection has ended: with the reason, or undefined after `close()`. */
  readonly ended: Promise<XenstoreError | undefined>;

  readonly #connection: Connection;

  constructor(connection: Connection, transportPath: string) {
    super();
    this.#connection = connection;
    this.transportPath = transportPath;
    this.ended = connection.ended;
  }

  /**
   * Runs `body` in a transaction and commits it. When another client changed the same nodes meanwhile, the body runs again, so it must have no side
   * effects elsewhere. Rejects with the body's error (nothing is committed then), ERR_XENSTORE_EAGAIN after `maxAttempts`, ERR_XENSTORE_TIMEOUT, or
   * the signal's reason. After a lost or overdue commit the outcome is unknown.
   */
  transaction<T>(body: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return runTransaction(this.#connection, body, options);
  }

  /**
   * Returns the names of all children. A long list is read in parts. If it keeps changing during that, it is read in a transaction, which sees a
   * snapshot and is then discarded, so that no change can make it fail.
   */
  override async directory(path: string, options?: RequestOptions): Promise<string[]> {
    try {
      return await super.directory(path, options);
    } catch (error) {
      if (!isXenstoreError(error, 'EAGAIN')) throw error;
    }
    const seen = new Seen();
    await this.transaction(async (tx) => {
      seen.names = await tx.directory(path, options);
      throw seen;
    }, options).catch((error: unknown) => {
      if (error !== seen) throw error;
    });
    return seen.names;
  }

  /** Sets a watch on a path or on @introduceDomain, @releaseDomain. Not part of any transaction. */
  watch(path: string, options: WatchOptions = {}): Promise<Watch> {
    return Watch.start(this.#connection, path, options);
  }

  /** Waits until the predicate accepts the value of `path` (undefined: no such node), and resolves with that value. */
  waitFor(
    path: string,
    predicate: ValuePredicate,
    options?: RequestOptions,
  ): Promise<string | undefined> {
    return waitForValue(this.#connection, this, path, predicate, options);
  }

  /** GET_DOMAIN_PATH: returns the path of a domain's own nodes; also for a domain that does not exist. */
  async getDomainPath(domid: number, options?: RequestOptions): Promise<XsPath> {
    const op = `get the path of domain ${domid}`;
    const reply = await this.#domainCall(MessageType.getDomainPath, op, domid, options);
    const path = decodeString(reply);
    if (path === undefined) throw replyError(op, undefined, reply);
    return xsPath(path);
  }

  /** IS_DOMAIN_INTRODUCED: true while xenstored is connected to the domain. */
  async isIntroduced(domid: number, options?: RequestOptions): Promise<boolean> {
    const op = `ask whether domain ${domid} is introduced`;
    const reply = await this.#domainCall(MessageType.isDomainIntroduced, op, domid, options);
    const answer = decodeString(reply);
    if (answer !== 'T' && answer !== 'F') throw replyError(op, undefined, reply);
    return answer === 'T';
  }

  /** INTRODUCE: the ring of `domid` is at guest frame `gfn`, its event channel is `port`. Only the control domain may call it. */
  async introduce(
    domid: number,
    gfn: number | bigint,
    port: number,
    options?: RequestOptions,
  ): Promise<void> {
    const op = `introduce domain ${domid}`;
    if (!isWhole(gfn, 0) || !isWhole(port, 1))
      throw new XenstoreError(
        'ERR_XENSTORE_ARGUMENT',
        `Cannot ${op}: frame ${gfn} or port ${port} is none`,
        { op },
      );
    const payload = encodeStrings(encodeDomid(domid), String(gfn), String(port));
    await this.call(MessageType.introduce, op, undefined, payload, options);
  }

  /** RELEASE: xenstored releases the domain's ring. */
  async release(domid: number, options?: RequestOptions): Promise<void> {
    await this.#domainCall(MessageType.release, `release domain ${domid}`, domid, options);
  }

  /** RESUME: makes xenstored send @releaseDomain again when the domain, which continues after a suspend, shuts down. */
  async resume(domid: number, options?: RequestOptions): Promise<void> {
    await this.#domainCall(MessageType.resume, `resume domain ${domid}`, domid, options);
  }

  /** Ends the connection. Waiting calls reject with ERR_XENSTORE_CLOSED. Idempotent. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  protected override call(
    type: RequestType,
    op: string,
    path: string | undefined,
    payload: Buffer,
    options: RequestOptions | undefined,
  ): Promise<Buffer> {
    return this.#connection.request({ type, op, path, payload }, options);
  }

  async #domainCall(
    type: RequestType,
    op: string,
    domid: number,
    options: RequestOptions | undefined,
  ): Promise<Buffer> {
    return this.call(type, op, undefined, encodeStrings(encodeDomid(domid)), options);
  }
}

/** Discards a transaction that only read. */
class Seen extends Error {
  names: string[] = [];
}

function isWhole(value: number | bigint, min: number): boolean {
  return (typeof value === 'bigint' || Number.isSafeInteger(value)) && value >= min;
}
