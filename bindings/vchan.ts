// SPDX-License-Identifier: Apache-2.0
// One end of a libxenvchan as a Duplex stream: ring bytes in both directions, with back-pressure, without blocking the event loop. A vchan has no
// half-close: end() flushes, tells the peer, and delivers the data that the peer has already put into the ring.

import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkDomid, checkSize, checkString } from './args.js';
import { XenError } from './errors.js';
import { loadNative } from './loader.js';
import type { NativeAddon, NativeVchan } from './native.js';

export interface VchanConnectOptions {
  /** The server's domain. */
  domid: number;
  /** The base path in xenstore under which the server publishes ring-ref and event-channel. At most 48 bytes. */
  path: string;
  signal?: AbortSignal;
  /** Time to wait for the server. Default 10 000. */
  timeoutMs?: number;
}

export interface VchanListenOptions {
  /** The client's domain. */
  domid: number;
  path: string;
  /** The least size of the client-to-server ring in bytes, at most 1 MiB. Default 64 KiB. */
  leftMin?: number;
  /** The least size of the server-to-client ring in bytes. */
  rightMin?: number;
}

export interface VchanAttachOptions {
  /** The server's domain. */
  domid: number;
  /** The server's grant of its ring's page, and the port of its event channel that waits for this domain. */
  ringRef: number;
  port: number;
  /** The rings have 1 << order bytes each way; 12 to 20. */
  order: number;
}

/** libxenvchan builds its paths in 64 bytes: base, `/event-channel` and NUL. */
const PATH_MAX_BYTES = 64 - '/event-channel'.length - 1;
const RING_MAX_BYTES = 1 << 20;
const RETRY_MS = 20;
/** The most bytes that one read takes from the ring, so that one busy vchan does not hold the event loop. */
const READ_MAX_BYTES = 256 * 1024;

export class Vchan extends Duplex {
  #native: NativeVchan | undefined;
  /** The consumer wants data: push it as it comes. */
  #isReading = false;
  #write: PendingWrite | undefined;
  /** The peer sends no more. */
  #isEnded = false;
  /** This end has told the peer that no more data comes. */
  #isShut = false;
  #wasConnected: boolean;

  private constructor(native: NativeVchan) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: 64 * 1024,
      writableHighWaterMark: 64 * 1024,
    });
    this.#native = native;
    this.#wasConnected = native.state() === 1;
  }

  /** Connects as client; retries until the server has published its ring. Rejects with ERR_XEN_TIMEDOUT or the signal's reason. */
  static async connect(
    options: VchanConnectOptions,
    native: NativeAddon = loadNative(),
  ): Promise<Vchan> {
    const { domid, path, signal, timeoutMs = 10_000 } = options;
    checkDomid(domid);
    checkPath(path);
    checkSize('timeoutMs', timeoutMs);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      try {
        const late = await open((onEvent) => native.vchanConnect(domid, path, onEvent));
        if (signal?.aborted === true) late.destroy();
        signal?.throwIfAborted();
        return late;
      } catch (cause) {
        if (!isRetryable(cause)) throw cause;
        if (performance.now() + RETRY_MS > deadline) throw timedOut(domid, path, timeoutMs, cause);
      }
      await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal });
    }
  }

  /** Connects as client to a known ring, without xenstore. Rejects with ERR_XEN_VCHAN_FAIL. */
  static async attach(
    { domid, ringRef, port, order }: VchanAttachOptions,
    native: NativeAddon = loadNative(),
  ): Promise<Vchan> {
    checkDomid(domid);
    for (const [name, value] of Object.entries({ ringRef, port, order })) checkSize(name, value);
    return open((onEvent) => native.vchanAttach(domid, ringRef, port, order, onEvent));
  }

  /** Offers a vchan as server. Resolves once it is published in xenstore. Emits `connect` when the client comes. */
  static async listen(
    options: VchanListenOptions,
    native: NativeAddon = loadNative(),
  ): Promise<Vchan> {
    const { domid, path, leftMin = 64 * 1024, rightMin = 64 * 1024 } = options;
    checkDomid(domid);
    checkPath(path);
    for (const size of [leftMin, rightMin]) {
      checkSize('ring size', size);
      if (size > RING_MAX_BYTES) throw new TypeError(`Invalid ring size: ${size} is above 1 MiB`);
    }
    return open((onEvent) => native.vchanListen(domid, path, leftMin, rightMin, onEvent));
  }

  /** connect, attach and listen make streams through this. */
  static wrap(native: NativeVchan): Vchan {
    return new Vchan(native);
  }

  /** True while both ends are open. */
  get isConnected(): boolean {
    return this.#native?.state() === 1;
  }

  /** Makes this vchan keep the process alive, which is the default; unref() undoes it. */
  ref(): this {
    this.#native?.ref(true);
    return this;
  }

  unref(): this {
    this.#native?.ref(false);
    return this;
  }

  /** The addon calls this when the event channel fires: the ring may be readable, writable, or closed. */
  onEvent(): void {
    if (this.#native === undefined) return;
    if (!this.#wasConnected && this.#native.state() === 1) {
      this.#wasConnected = true;
      this.emit('connect');
    }
    this.#pumpWrite();
    this.#pumpRead();
    this.#noticeEnd();
  }

  override _read(): void {
    this.#isReading = true;
    this.#pumpRead();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#write = { chunk, offset: 0, callback };
    this.#pumpWrite();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#native?.shutdown();
    this.#isShut = true;
    callback();
    // Without a reader the stream would never close: drop the data left in the ring.
    if (!this.#isReading && this.readableFlowing !== true && this.listenerCount('readable') === 0) {
      this.resume();
    }
    this.#isReading = true;
    this.#pumpRead();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#native?.close();
    this.#native = undefined;
    const write = this.#write;
    this.#write = undefined;
    write?.callback(error ?? gone('the stream was destroyed'));
    callback(error);
  }

  #pumpRead(): void {
    while (this.#isReading && !this.#isEnded && this.#native !== undefined) {
      const data = this.#native.read(READ_MAX_BYTES);
      if (data === null) {
        if (!this.#isShut) return;
        return this.#endReading(); // The peer knows that this end is closed, and the ring is empty: no more data comes.
      }
      if (data === undefined) return this.#endReading();
      this.#isReading = this.push(data);
      // One turn of the event loop per batch, so that a fast peer does not starve the rest.
      if (this.#isReading) {
        this.#isReading = false;
        setImmediate(() => this._read());
      }
    }
  }

  #pumpWrite(): void {
    const write = this.#write;
    if (write === undefined || this.#native === undefined) return;
    while (write.offset < write.chunk.length) {
      const taken = this.#native.write(write.chunk, write.offset);
      if (taken === undefined) {
        this.#write = undefined;
        return write.callback(gone('the peer has closed it'));
      }
      if (taken === 0) return;
      write.offset += taken;
    }
    this.#write = undefined;
    write.callback();
  }

  /** Notices a closed peer even without a reader: data already written stays readable, writing ends. */
  #noticeEnd(): void {
    if (this.#native?.state() !== 0 || this.#isEnded) return;
    this.emit('peer-close');
    if (!this.writableEnded) this.end();
  }

  #endReading(): void {
    this.#isEnded = true;
    this.push(null);
    if (!this.writableEnded) this.end();
  }
}

interface PendingWrite {
  chunk: Buffer;
  offset: number;
  callback: (error?: Error | null) => void;
}

/** Events may come before the promise of the open resolves: one is replayed once the stream exists. */
async function open(start: (onEvent: () => void) => Promise<NativeVchan>): Promise<Vchan> {
  const opened: { vchan?: Vchan; isEarly?: boolean } = {};
  const native = await start(() => {
    if (opened.vchan === undefined) opened.isEarly = true;
    else opened.vchan.onEvent();
  });
  const vchan = Vchan.wrap(native);
  opened.vchan = vchan;
  if (opened.isEarly === true) setImmediate(() => vchan.onEvent());
  return vchan;
}

function checkPath(path: unknown): void {
  checkString('vchan path', path);
  if (Buffer.byteLength(path) > PATH_MAX_BYTES) {
    throw new TypeError(`Invalid vchan path: longer than ${PATH_MAX_BYTES} bytes`);
  }
}

/** True when the server is not there yet, or not ready. Waiting does not help against missing privileges or /dev nodes. */
function isRetryable(error: unknown): boolean {
  return error instanceof XenError && error.code === 'ERR_XEN_VCHAN_NOT_READY';
}

function timedOut(domid: number, path: string, timeoutMs: number, cause: unknown): XenError {
  const hint = `no vchan server at ${path} within ${timeoutMs} ms`;
  return new XenError({
    reason: 'TIMEDOUT',
    op: 'libxenvchan_client_init',
    rc: 0,
    domid,
    hint,
    cause,
  });
}

function gone(hint: string): XenError {
  return new XenError({ reason: 'VCHAN_CLOSED', op: 'libxenvchan_write', rc: 0, hint });
}
