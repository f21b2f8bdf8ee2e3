// SPDX-License-Identifier: Apache-2.0
// Sends packets over /dev/xen/xenbus, the kernel's own connection to xenstored, for a domain without xenstored's socket.
//
// Requirements of the driver (Linux, drivers/xen/xenbus/xenbus_dev_frontend.c):
// - One request at a time for each open file. It keeps the body in the file's only buffer until the ring has taken it, and a WATCH
//   written while a reply is due makes writer and ring thread wait for each other, which stops XenStore for the whole domain.
// - Header and payload together have at most 4096 bytes.
// - The driver may answer a request by an errno of write(2) instead of a reply, for example a WATCH.
// - A read blocks until data comes. Node cannot poll a character device, and a read in libuv's pool would keep one of its few
//   threads for ever, so each transport has a worker thread that reads. A request that the driver answers by itself ends the read.

import { close, open, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { errorCode } from '../toolstack/base/errors.js';
import { XenstoreError } from './errors.js';
import type { Transport, TransportHandlers } from './transport.js';
import type { ReaderData, ReaderMessage } from './transport-xenbus-reader.js';
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
  readonly #device: ReaderData;
  #reading: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#device = { fd, stop: new Int32Array(new SharedArrayBuffer(4)) };
  }

  start(handlers: TransportHandlers): void {
    keepFromDelayingExit(this.#device);
    this.#reading = new Promise((resolve) => {
      const workerData: ReaderData = this.#device;
      const worker = new Worker(new URL('./transport-xenbus-reader.js', import.meta.url), {
        workerData,
        execArgv: [],
      });
      let failure: Error | undefined;
      worker.on('message', (message: ReaderMessage) => {
        // The reply to the packet with which close() wakes the thread comes back too, and belongs to no call.
        if ('bytes' in message && this.#closing !== undefined) return;
        if ('bytes' in message) handlers.onData(Buffer.from(message.bytes));
        else failure = new Error(`read of ${this.path}: ${message.fault}`);
      });
      worker.on('error', (cause: Error) => (failure = cause));
      worker.on('exit', () => {
        resolve();
        handlers.onEnd(failure);
      });
    });
  }

  send(packet: Buffer, refused: (cause: Error) => void): void {
    if (this.#closing !== undefined) return;
    write(this.#device.fd, packet, 0, packet.length, null, (cause) => {
      if (cause !== null) refused(cause);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { fd, stop } = this.#device;
    Atomics.store(stop, 0, 1);
    if (this.#reading !== undefined) {
      write(fd, WAKE_PACKET, 0, WAKE_PACKET.length, null, () => undefined);
      await this.#reading;
    }
    openDevices.delete(this.#device);
    await promisify(close)(fd);
  }
}

// UNWATCH without path and token: the driver itself answers EINVAL, so xenstored need not be alive.
const WAKE_PACKET = encodePacket({
  type: MessageType.unwatch,
  requestId: 0,
  txId: 0,
  payload: Buffer.alloc(0),
});

const openDevices = new Set<ReaderData>();
let isExitHooked = false;

// At exit Node waits for its worker threads, so a read without an end would keep the process alive for ever.
function keepFromDelayingExit(device: ReaderData): void {
  if (!isExitHooked) process.once('exit', endAllReads);
  isExitHooked = true;
  openDevices.add(device);
}

function endAllReads(): void {
  for (const { fd, stop } of openDevices) {
    Atomics.store(stop, 0, 1);
    try {
      writeSync(fd, WAKE_PACKET);
    } catch {
      // The process ends: no caller is left to receive the error.
    }
  }
}
