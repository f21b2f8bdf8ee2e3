// SPDX-License-Identifier: Apache-2.0
// What a program does with XenStore: open a client, work on nodes, commit transactions, watch, and tell xenstored of domains.

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
  /** A socket or xenbus device; else XENSTORED_PATH, /run/xenstored/socket, /dev/xen/xenbus. */
  readonly path?: string | undefined;
  /** For calls that name no time of their own; 30 s by default. */
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
   * Runs `body` in a transaction and commits it. When another client changed the same nodes meanwhile, the body runs again, so it must
   * have no effects of its own elsewhere. Rejects with what the body throws (nothing is committed then), ERR_XENSTORE_EAGAIN after
   * `maxAttempts`, ERR_XENSTORE_TIMEOUT, or the signal's reason; after a lost or overdue commit the outcome is unknown.
   */
  transaction<T>(body: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return runTransaction(this.#connection, body, options);
  }

  /**
   * The names of the children, however many. A long list that changes again and again while it is read by parts is read in a
   * transaction, which sees it as it was and is then discarded, so that nobody's change can make it fail.
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

  /** Waits until the predicate takes the value of `path` (undefined: no such node), and resolves with that value. */
  waitFor(
    path: string,
    predicate: ValuePredicate,
    options?: RequestOptions,
  ): Promise<string | undefined> {
    return waitForValue(this.#connection, this, path, predicate, options);
  }

  /** GET_DOMAIN_PATH: where a domain's own nodes are; also for a domain that does not exist. */
  async getDomainPath(domid: number, options?: RequestOptions): Promise<XsPath> {
    const op = `get the path of domain ${domid}`;
    const reply = await this.#domainCall(MessageType.getDomainPath, op, domid, options);
    const path = decodeString(reply);
    if (path === undefined) throw replyError(op, undefined, reply);
    return xsPath(path);
  }

  /** IS_DOMAIN_INTRODUCED: whether xenstored is in touch with the domain. */
  async isIntroduced(domid: number, options?: RequestOptions): Promise<boolean> {
    const op = `ask whether domain ${domid} is introduced`;
    const reply = await this.#domainCall(MessageType.isDomainIntroduced, op, domid, options);
    const answer = decodeString(reply);
    if (answer !== 'T' && answer !== 'F') throw replyError(op, undefined, reply);
    return answer === 'T';
  }

  /** INTRODUCE: the ring of `domid` is at guest frame `gfn`, its event channel is `port`. The control domain's right. */
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

  /** RELEASE: xenstored lets go of the domain's ring. */
  async release(domid: number, options?: RequestOptions): Promise<void> {
    await this.#domainCall(MessageType.release, `release domain ${domid}`, domid, options);
  }

  /** RESUME: @releaseDomain is to be sent again when the domain, which goes on after a suspend, shuts down. */
  async resume(domid: number, options?: RequestOptions): Promise<void> {
    await this.#domainCall(MessageType.resume, `resume domain ${domid}`, domid, options);
  }

  /** Ends the connection. Calls that wait reject with ERR_XENSTORE_CLOSED; idempotent. */
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

/** Ends a transaction that was only for looking. */
class Seen extends Error {
  names: string[] = [];
}

function isWhole(value: number | bigint, min: number): boolean {
  return (typeof value === 'bigint' || Number.isSafeInteger(value)) && value >= min;
}
