// SPDX-License-Identifier: Apache-2.0
// Sends packets over the unix socket of xenstored, the usual way in dom0.

import { createConnection, type Socket } from 'node:net';
import { sleep } from '../toolstack/base/deadline.js';
import { errorCode } from '../toolstack/base/errors.js';
import { XenstoreError } from './errors.js';
import type { Transport, TransportHandlers } from './transport.js';
import { PAYLOAD_MAX_BYTES } from './wire.js';

// oxenstored does not split a long DIRECTORY reply for a socket: it sends it whole, past the protocol's 4096 bytes. A parent of 65536 domains with
// five digits each is 384 KiB.
const MAX_REPLY_BYTES = 1 << 20;

// A unix socket whose connection queue is full refuses with EAGAIN. xenstored's queue is short, and has room again as soon as the daemon accepts.
const FULL_QUEUE_RETRY_MS = 10;

/** Connects to the socket; waits while its connection queue is full. Throws ERR_XENSTORE_CONNECT or ERR_XENSTORE_TIMEOUT. */
export async function openSocketTransport(path: string, timeoutMs: number): Promise<Transport> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return new SocketTransport(path, await connect(path, timeoutMs, end));
    } catch (error) {
      if (errorCode((error as Error).cause) !== 'EAGAIN') throw error;
    }
    await sleep(FULL_QUEUE_RETRY_MS);
    if (performance.now() >= end) throw timeoutError(path, timeoutMs);
  }
}

async function connect(path: string, timeoutMs: number, end: number): Promise<Socket> {
  const socket = createConnection({ path });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: XenstoreError) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(timeoutError(path, timeoutMs)), end - performance.now());
    socket.once('error', (cause) => fail(connectError(path, cause)));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve();
    });
  });
  return socket;
}

class SocketTransport implements Transport {
  readonly path: string;
  readonly maxPayloadBytes = PAYLOAD_MAX_BYTES;
  readonly maxReplyBytes = MAX_REPLY_BYTES;
  readonly maxInFlight = Infinity;
  readonly #socket: Socket;
  #isCorked = false;
  #cause: Error | undefined;

  constructor(path: string, socket: Socket) {
    this.path = path;
    this.#socket = socket;
    socket.on('error', (cause) => (this.#cause = cause));
  }

  start(handlers: TransportHandlers): void {
    this.#socket.on('data', (chunk) => handlers.onData(chunk));
    this.#socket.once('end', () => this.#socket.destroy());
    this.#socket.once('close', () => handlers.onEnd(this.#cause));
    if (this.#socket.destroyed) handlers.onEnd(this.#cause);
  }

  send(packet: Buffer): void {
    // All requests of one turn of the event loop leave in one system call.
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(packet);
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }
}

function connectError(path: string, cause: unknown): XenstoreError {
  const state = errorCode(cause) ?? 'unknown failure';
  const remedy = state === 'ECONNREFUSED' ? '; start xenstored' : '';
  return new XenstoreError(
    'ERR_XENSTORE_CONNECT',
    `Cannot connect to xenstored: ${path}: ${state}${remedy}`,
    { path, cause },
  );
}

function timeoutError(path: string, timeoutMs: number): XenstoreError {
  return new XenstoreError(
    'ERR_XENSTORE_TIMEOUT',
    `Cannot connect to xenstored: ${path} took no connection within ${timeoutMs / 1000} s`,
    { op: 'connect', path },
  );
}
