// SPDX-License-Identifier: Apache-2.0
// Matches replies to requests: queue, ids, deadlines, and the end of waiting calls when the connection ends.

import {
  closedError,
  errnoError,
  isXenstoreError,
  lostError,
  payloadError,
  protocolError,
  type XenstoreError,
} from './errors.js';
import { PendingCall, type Request, type RequestOptions } from './pending-call.js';
import { decodeEvent, decodeReply } from './reply.js';
import type { Transport } from './transport.js';
import { encodePacket, MessageType, PacketParser, type Packet } from './wire.js';

/** Receives the path of each event whose token it is registered under. */
export type EventListener = (path: string) => void;

export class Connection {
  /** Settles when the connection has ended: with the reason, or undefined after `close()`. */
  readonly ended: Promise<XenstoreError | undefined>;
  readonly defaultTimeoutMs: number;
  readonly #transport: Transport;
  readonly #parser: PacketParser;
  readonly #queue: PendingCall[] = [];
  readonly #inFlight = new Map<number, PendingCall>();
  readonly #listeners = new Map<string, EventListener>();
  #nextId = 1;
  #nextToken = 1;
  #end: { readonly reason: XenstoreError | undefined } | undefined;
  #settleEnded!: (reason: XenstoreError | undefined) => void;

  constructor(transport: Transport, defaultTimeoutMs: number) {
    this.#transport = transport;
    this.defaultTimeoutMs = defaultTimeoutMs;
    this.#parser = new PacketParser(transport.maxReplyBytes);
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
    transport.start({
      onData: (chunk) => this.#receive(chunk),
      onEnd: (cause) => {
        this.#finish(lostError(transport.path, cause));
        void transport.close();
      },
    });
  }

  /** Sends a request when its turn comes and resolves with the reply's payload. xenstored executes requests in the order of the calls. */
  request(request: Request, options: RequestOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const max = this.#transport.maxPayloadBytes;
      if (this.#end !== undefined) return reject(this.#closedError(request));
      if (request.payload.length > max)
        return reject(payloadError(request.op, request.path, request.payload.length, max));
      const call = new PendingCall(request, resolve, reject);
      const { timeoutMs = this.defaultTimeoutMs, signal } = options;
      if (!call.arm(timeoutMs, signal)) return;
      this.#queue.push(call);
      this.#pump();
    });
  }

  /** Registers for events and returns their token. Call it before sending WATCH, as the first event may overtake the reply. */
  addListener(listener: EventListener): string {
    const token = `thaw-${this.#nextToken++}`;
    this.#listeners.set(token, listener);
    return token;
  }

  removeListener(token: string): void {
    this.#listeners.delete(token);
  }

  /** Rejects all waiting calls with ERR_XENSTORE_CLOSED and ends the transport. Idempotent. */
  async close(): Promise<void> {
    this.#finish(undefined);
    await this.#transport.close();
  }

  #pump(): void {
    while (this.#inFlight.size < this.#transport.maxInFlight) {
      const call = this.#queue.shift();
      if (call === undefined) return;
      if (call.isSettled) continue;
      const requestId = this.#takeId();
      this.#inFlight.set(requestId, call);
      const { type, payload, txId = 0 } = call.request;
      this.#transport.send(encodePacket({ type, requestId, txId, payload }), (cause) =>
        this.#refuse(requestId, cause),
      );
    }
  }

  // An id stays taken until its reply has come, even when the caller has stopped waiting.
  #takeId(): number {
    do {
      this.#nextId = this.#nextId === 0xffffffff ? 1 : this.#nextId + 1;
    } while (this.#inFlight.has(this.#nextId));
    return this.#nextId;
  }

  #receive(chunk: Buffer): void {
    this.#parser.push(chunk);
    while (this.#end === undefined) {
      const result = this.#parser.next();
      if (result.state === 'need-more') break;
      const fault = result.state === 'failed' ? result.reason : this.#dispatch(result.packet);
      if (fault !== undefined) this.#failProtocol(fault);
    }
    this.#pump();
  }

  /** Returns the packet's fault, or undefined when it has none. */
  #dispatch(packet: Packet): string | undefined {
    if (packet.type === MessageType.watchEvent) {
      const event = decodeEvent(packet.payload);
      if (event === undefined) return 'a watch event is not a path and a token';
      this.#listeners.get(event.token)?.(event.path);
      return undefined;
    }
    const call = this.#inFlight.get(packet.requestId);
    if (call === undefined) return `a reply to no request (${packet.requestId}) came`;
    const reply = decodeReply(packet, call.request.type);
    if (reply === undefined) return `the reply to ${call.request.op} has type ${packet.type}`;
    this.#inFlight.delete(packet.requestId);
    if (reply.errno === undefined) call.succeed(packet.payload);
    else call.fail(errnoError(reply.errno, call.request.op, call.request.path));
    return undefined;
  }

  #refuse(requestId: number, cause: Error): void {
    const call = this.#inFlight.get(requestId);
    if (call === undefined) return;
    this.#inFlight.delete(requestId);
    const errno = 'code' in cause && typeof cause.code === 'string' ? cause.code : 'EIO';
    call.fail(errnoError(errno, call.request.op, call.request.path, cause));
    this.#pump();
  }

  #failProtocol(fault: string): void {
    this.#finish(protocolError(this.#transport.path, fault));
    void this.#transport.close();
  }

  #finish(reason: XenstoreError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    const calls = [...this.#inFlight.values(), ...this.#queue.splice(0)];
    this.#inFlight.clear();
    for (const call of calls) {
      call.fail(isXenstoreError(reason, 'PROTOCOL') ? reason : this.#closedError(call.request));
    }
    this.#settleEnded(reason);
  }

  #closedError({ op, path }: Request): XenstoreError {
    return closedError(op, path, this.#end?.reason);
  }
}
