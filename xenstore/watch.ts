// SPDX-License-Identifier: Apache-2.0
// Delivers the events of one watch in order, by iteration or by callback, until unwatch or the connection's end.

import type { Connection } from './connection.js';
import { EventQueue } from './event-queue.js';
import { closedError, isXenstoreError } from './errors.js';
import { watchPath, type XsPath } from './paths.js';
import { encodeStrings } from './payload.js';
import { abortError, type RequestOptions } from './pending-call.js';
import { MessageType } from './wire.js';

/** A possible change at or below the watched path. The first event of a watch comes at once, for the watched path itself. */
export interface WatchEvent {
  readonly path: string;
}

export interface WatchOptions extends RequestOptions {
  /** Receives each event as it comes; iteration then yields none. An exception in it is an uncaught exception. */
  readonly onEvent?: (event: WatchEvent) => void;
}

/** A watch that xenstored has set. Iterate it once: `for await (const { path } of watch)`; leaving the loop unwatches. */
export class Watch implements AsyncIterableIterator<WatchEvent> {
  readonly path: XsPath;
  readonly #connection: Connection;
  readonly #token: string;
  readonly #queue: EventQueue;
  readonly #onEvent: ((event: WatchEvent) => void) | undefined;
  readonly #waiters: {
    resolve: (r: IteratorResult<WatchEvent>) => void;
    reject: (e: Error) => void;
  }[] = [];
  #end: { readonly reason: Error | undefined } | undefined;
  #unwatching: Promise<void> | undefined;
  #stopListening: () => void = () => undefined;

  private constructor(connection: Connection, path: XsPath, options: WatchOptions) {
    this.#connection = connection;
    this.path = path;
    this.#queue = new EventQueue(path);
    this.#onEvent = options.onEvent;
    this.#token = connection.addListener((eventPath) => this.#receive(eventPath));
    void connection.ended.then((cause) => this.#finish(closedError('watch', path, cause)));
  }

  /** WATCH. When `options.signal` aborts later, the watch ends with its reason. */
  static async start(connection: Connection, path: string, options: WatchOptions): Promise<Watch> {
    const checked = watchPath(path);
    const watch = new Watch(connection, checked, options);
    const payload = encodeStrings(checked, watch.#token);
    try {
      await connection.request({ type: MessageType.watch, op: 'watch', path, payload }, options);
    } catch (error) {
      // The WATCH may have been sent: after a deadline xenstored would continue to send events.
      watch.unwatch().catch(() => undefined);
      throw error;
    }
    watch.#listenTo(options.signal);
    return watch;
  }

  /** The next event; `done` after `unwatch`. Rejects with ERR_XENSTORE_CLOSED when the connection has ended and all events are read. */
  next(): Promise<IteratorResult<WatchEvent>> {
    const path = this.#queue.shift();
    if (path !== undefined) return Promise.resolve({ done: false, value: { path } });
    const end = this.#end;
    if (end?.reason !== undefined) return Promise.reject(end.reason);
    if (end !== undefined) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<WatchEvent>> {
    await this.unwatch();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** UNWATCH. No event comes after the call. Idempotent. No error when the connection has ended, which unwatches too. */
  unwatch(): Promise<void> {
    this.#finish(undefined);
    this.#unwatching ??= this.#unwatch();
    return this.#unwatching;
  }

  async #unwatch(): Promise<void> {
    const { path } = this;
    const payload = encodeStrings(path, this.#token);
    try {
      await this.#connection.request({ type: MessageType.unwatch, op: 'unwatch', path, payload });
    } catch (error) {
      if (!isXenstoreError(error, 'CLOSED')) throw error;
    }
  }

  #receive(path: string): void {
    if (this.#end !== undefined) return;
    if (this.#onEvent !== undefined) return callListener(this.#onEvent, path);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#queue.push(path);
    else waiter.resolve({ done: false, value: { path } });
  }

  #finish(reason: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    this.#stopListening();
    this.#connection.removeListener(this.#token);
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      if (reason === undefined) resolve({ done: true, value: undefined });
      else reject(reason);
    }
  }

  #listenTo(signal: AbortSignal | undefined): void {
    const onAbort = () => {
      this.#finish(abortError(signal));
      this.unwatch().catch(() => undefined);
    };
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal?.removeEventListener('abort', onAbort);
  }
}

// An exception in a listener must not stop the reading of packets for other calls.
function callListener(listener: (event: WatchEvent) => void, path: string): void {
  try {
    listener({ path });
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
