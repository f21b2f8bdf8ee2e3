// SPDX-License-Identifier: Apache-2.0
// How packets travel over /dev/xen/xenbus, the kernel's own connection to xenstored, for a domain without xenstored's socket.
//
// What the driver (Linux, drivers/xen/xenbus/xenbus_dev_frontend.c) asks for:
// - One request at a time for each open file. It keeps the body in the file's only buffer until the ring has taken it, and a WATCH
//   written while a reply is due makes writer and ring thread wait for each other, which stops XenStore for the whole domain.
// - Header and payload together have at most 4096 bytes.
// - A request may be answered by an errno of write(2) instead of a reply, WATCH for one.
// A read blocks until something comes and Node cannot poll a character device, so each transport keeps one thread of libuv's pool
// (UV_THREADPOOL_SIZE, 4 by default) while it is open. A request that the driver answers by itself ends that read.

import { close, open, read, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from '../toolstack/base/errors.js';
import { XenstoreError } from './errors.js';
import type { Transport, TransportHandlers } from './transport.js';
import { encodePacket, HEADER_BYTES, MessageType, PAYLOAD_MAX_BYTES } from './wire.js';

/** Opens the device. Throws ERR_XENSTORE_CONNECT. */
export async function openXenbusTransport(path: string): Promise<Transport> {
  try {
    return new XenbusTransport(path, await promisify(open)(path, 'r+'));
  } catch (cause) {
    throw new XenstoreError(
      'ERR_XENSTORE_CONNECT',
      `Cannot connect to xenstored: ${path}: ${errorCode(cause) ?? 'unknown failure'}`,
      { path, cause },
    );
  }
}

class XenbusTransport implements Transport {
  readonly path: string;
  readonly maxPayloadBytes = PAYLOAD_MAX_BYTES - HEADER_BYTES;
  readonly maxReplyBytes = PAYLOAD_MAX_BYTES;
  readonly maxInFlight = 1;
  readonly #fd: number;
  #isClosing = false;
  #reading: Promise<Error | undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  start(handlers: TransportHandlers): void {
    keepReadFromDelayingExit(this.#fd);
    this.#reading = this.#readUntilClosed(handlers);
    void this.#reading.then((cause) => handlers.onEnd(cause));
  }

  send(packet: Buffer, refused: (cause: Error) => void): void {
    if (this.#isClosing) return;
    write(this.#fd, packet, 0, packet.length, null, (cause) => {
      if (cause !== null) refused(cause);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #readUntilClosed(handlers: TransportHandlers): Promise<Error | undefined> {
    const buffer = Buffer.alloc(HEADER_BYTES + PAYLOAD_MAX_BYTES);
    while (!this.#isClosing) {
      try {
        const { bytesRead } = await promisify(read)(this.#fd, buffer, 0, buffer.length, null);
        if (bytesRead === 0) return new Error(`${this.path} ended`);
        if (!this.#isClosing) handlers.onData(Buffer.from(buffer.subarray(0, bytesRead)));
      } catch (cause) {
        if (errorCode(cause) === 'EINTR' || errorCode(cause) === 'EAGAIN') continue;
        return cause instanceof Error ? cause : new Error(String(cause));
      }
    }
    return undefined;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    if (this.#reading !== undefined) {
      write(this.#fd, WAKE_PACKET, 0, WAKE_PACKET.length, null, () => undefined);
      await this.#reading;
    }
    openFds.delete(this.#fd);
    await promisify(close)(this.#fd);
  }
}

// UNWATCH without path and token: the driver itself answers EINVAL, xenstored need not be alive.
const WAKE_PACKET = encodePacket({
  type: MessageType.unwatch,
  requestId: 0,
  txId: 0,
  payload: Buffer.alloc(0),
});

const openFds = new Set<number>();

// At exit Node waits for the threads of libuv's pool, so a read that nothing ends would keep the process for ever.
function keepReadFromDelayingExit(fd: number): void {
  if (!isExitHooked) process.once('exit', endAllReads);
  isExitHooked = true;
  openFds.add(fd);
}

let isExitHooked = false;

function endAllReads(): void {
  for (const fd of openFds) {
    try {
      writeSync(fd, WAKE_PACKET);
    } catch {
      // The process ends: there is nobody left to tell.
    }
  }
}
