// SPDX-License-Identifier: Apache-2.0
// thawd's connection to one shim: what to expect, what has ended, and the news that the guest is lost (docs/shim.md).

import { connect, type Socket } from 'node:net';
import { ThawError } from '../../base/errors.js';
import { sleep, withDeadline } from '../../base/deadline.js';
import {
  encodeFields,
  encodeFrame,
  FrameParser,
  ProtocolError,
  type Frame,
} from '../../base/frame.js';
import { printable } from '../../base/text.js';
import {
  ApiType,
  decodeExit,
  decodeShimStatus,
  encodeExpect,
  encodeShare,
  SHIM_MAX,
  withOom,
  type ExitStatus,
  type Export,
  type ShimStatus,
} from '../../api/wire.js';

export class ShimError extends ThawError {}

export interface ShimEvents {
  onExit(process: number, exit: ExitStatus): void;
  /** The guest is gone or broke the protocol; `reason` as the shim says it. */
  onLost(reason: string): void;
  /** The shim itself is gone: killed, or it quit. */
  onGone(): void;
}

type Waiter = { resolve: (frame: Frame) => void; reject: (error: Error) => void };

export class ShimClient {
  readonly #socket: Socket;
  readonly #events: ShimEvents;
  #status: Promise<Frame> | undefined;
  readonly #waiters = new Map<string, Waiter>();
  #isOpen = true;

  private constructor(socket: Socket, events: ShimEvents) {
    this.#socket = socket;
    this.#events = events;
    const parser = new FrameParser(SHIM_MAX);
    socket.on('data', (chunk: Buffer) => this.#receive(parser, chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#gone());
  }

  /** Connects to a shim, trying until its socket is there. Rejects with ERR_SHIM_CONNECT after `timeoutMs`. */
  static async connect(path: string, events: ShimEvents, timeoutMs: number): Promise<ShimClient> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return new ShimClient(await openSocket(path), events);
      } catch (cause) {
        if (performance.now() > deadline) {
          throw new ShimError('ERR_SHIM_CONNECT', `Cannot reach the shim at ${path}`, { cause });
        }
        await sleep(CONNECT_RETRY_MS);
      }
    }
  }

  /** The shim's state and its processes'; from the first call on, its events arrive too. Containers of a pod may ask at once: it is asked once. */
  async status(timeoutMs = ANSWER_MS): Promise<ShimStatus> {
    this.#status ??= this.#ask(ApiType.STATUS, 0, 0, undefined, 'status', timeoutMs).finally(() => {
      this.#status = undefined;
    });
    return decodeShimStatus((await this.#status).payload);
  }

  /** Resolves once the shim has the agent's hello. Rejects with ERR_SHIM_LOST or ERR_SHIM_TIMEOUT. */
  async waitUp(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status();
      if (status.state === 'up') return;
      if (status.state === 'lost')
        throw new ShimError('ERR_SHIM_LOST', `Guest is lost: ${status.reason ?? ''}`);
      if (performance.now() > deadline) {
        throw new ShimError(
          'ERR_SHIM_TIMEOUT',
          `Data channel is not up within ${timeoutMs / 1000} s`,
        );
      }
      await sleep(STATUS_POLL_MS, signal);
    }
  }

  /** Announces a process that will be started. Both paths are empty for one that leaves nothing, or the log's alone. */
  async expect(process: number, flags: number, logPath: string, statusPath: string): Promise<void> {
    const payload = encodeExpect(logPath, statusPath);
    await this.#ask(ApiType.EXPECT, process, flags, payload, `expect ${process}`, ANSWER_MS);
  }

  /**
   * Has the shim send a file to the guest as its layer of that number, once the guest is there. What it cannot read it reports as
   * the loss of the guest.
   */
  inject(layer: number, path: string): void {
    if (this.#isOpen)
      this.#socket.write(encodeFrame(ApiType.INJECT, layer, 0, encodeFields([path])));
  }

  /** A process that was announced without log and status file did not start, or nobody knows (docs/shim.md). */
  forget(process: number, why: number): void {
    if (this.#isOpen) this.#socket.write(encodeFrame(ApiType.FORGET, process, why));
  }

  /** Sends a signal to a process of the container. */
  signal(process: number, signal: number): void {
    if (this.#isOpen) this.#socket.write(encodeFrame(ApiType.SIGNAL, process, signal));
  }

  /**
   * Has the shim let go of the agent between two frames, and come back when the guest is back; resolves once its ring is unmapped.
   * Rejects with ERR_SHIM_REFUSED when the channel is not up or the guest is lost.
   */
  async pause(timeoutMs = PAUSE_MS): Promise<void> {
    await this.#ask(ApiType.PAUSE, 0, 0, undefined, 'a pause', timeoutMs);
  }

  /**
   * Has a server of the shim's serve files of dom0 over the rings of the guest's 9pfs device of that number; resolves once it does. It goes
   * on where the one stopped that wrote `stash`. Rejects with ERR_SHIM_REFUSED when it cannot.
   */
  async share(
    device: number,
    rings: readonly { ref: number; port: number }[],
    exports: readonly Export[],
    { stash, timeoutMs = SHARE_MS }: { stash?: string; timeoutMs?: number } = {},
  ): Promise<void> {
    const payload = encodeShare(rings, exports, stash);
    await this.#ask(ApiType.SHARE, device, 0, payload, 'to share files', timeoutMs);
  }

  /** Ends the device's server, where there is one; resolves when that is gone, with all that it had of the guest's and of the host's. */
  async unshare(device: number, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(ApiType.UNSHARE, device, 0, undefined, 'to share no files', timeoutMs);
  }

  /**
   * Has the device's server write what its guest has open into a new file, and answer nothing from then on. Rejects with ERR_SHIM_REFUSED
   * where something is in the way of that: it answers on, and there is no file.
   */
  async stash(device: number, path: string, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(ApiType.STASH, device, 0, encodeFields([path]), 'to stash files', timeoutMs);
  }

  /** Has it answer again, also where nobody knows whether it has stopped. A stash that is not done is given up. */
  async goOn(device: number, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(
      ApiType.STASH,
      device,
      0,
      encodeFields(['']),
      'to share files again',
      timeoutMs,
    );
  }

  /** Asks the shim to unmap its ring and end; resolves when it is gone, or after `timeoutMs`. Idempotent. */
  async quit(timeoutMs = ANSWER_MS): Promise<void> {
    if (!this.#isOpen) return;
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.write(encodeFrame(ApiType.QUIT, 0, 0));
    await withDeadline(gone, timeoutMs, 'Shim does not end', { code: 'ERR_SHIM_TIMEOUT' }).finally(
      () => this.#socket.destroy(),
    );
  }

  /** Leaves the shim alone and running. */
  close(): void {
    this.#socket.destroy();
  }

  async #ask(
    type: number,
    id: number,
    arg: number,
    payload: Buffer | undefined,
    what: string,
    timeoutMs: number,
  ): Promise<Frame> {
    if (!this.#isOpen)
      throw new ShimError('ERR_SHIM_GONE', `Cannot ask the shim for ${what}: it is gone`);
    const key = answerKey(type, id);
    if (this.#waiters.has(key))
      throw new ShimError('ERR_SHIM_BUSY', `The shim was already asked for ${what}`);
    const answer = new Promise<Frame>((resolve, reject) => {
      this.#waiters.set(key, { resolve, reject });
      this.#socket.write(encodeFrame(type, id, arg, payload));
    });
    return withDeadline(answer, timeoutMs, `Shim does not answer ${what}`, {
      code: 'ERR_SHIM_TIMEOUT',
    }).finally(() => this.#waiters.delete(key));
  }

  #receive(parser: FrameParser, chunk: Buffer): void {
    try {
      for (const frame of parser.push(chunk)) this.#handle(frame);
    } catch {
      this.#socket.destroy();
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case ApiType.STATUS:
        return this.#settle(answerKey(ApiType.STATUS, 0), (waiter) => waiter.resolve(frame));
      case ApiType.OK:
        return this.#settle(askedWith(frame.id), (waiter) => waiter.resolve(frame));
      case ApiType.ERROR: {
        const error = refusal(frame);
        return this.#settle(askedWith(frame.id), (waiter) => waiter.reject(error));
      }
      case ApiType.SHARED:
        return this.#settle(answerKey(ApiType.SHARE, frame.id), (waiter) =>
          frame.arg === 0 ? waiter.resolve(frame) : waiter.reject(refusal(frame)),
        );
      case ApiType.STASHED:
        return this.#settle(answerKey(ApiType.STASH, frame.id), (waiter) =>
          frame.arg === 0 ? waiter.resolve(frame) : waiter.reject(refusal(frame)),
        );
      case ApiType.UNSHARED:
        return this.#settle(answerKey(ApiType.UNSHARE, frame.id), (waiter) =>
          waiter.resolve(frame),
        );
      case ApiType.EXIT: {
        const exit = decodeExit(frame.payload);
        if (exit !== undefined) this.#events.onExit(frame.id, withOom(exit, frame.arg > 0));
        return;
      }
      case ApiType.LOST:
        return this.#events.onLost(printable(frame.payload, 1000));
      default:
        throw new ProtocolError(`The shim sent a message of unknown type ${frame.type}`);
    }
  }

  #settle(key: string, settle: (waiter: Waiter) => void): void {
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiter) settle(waiter);
  }

  #gone(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const waiter of this.#waiters.values()) {
      waiter.reject(new ShimError('ERR_SHIM_GONE', 'The shim ended before it answered'));
    }
    this.#waiters.clear();
    this.#events.onGone();
  }
}

const CONNECT_RETRY_MS = 2;
const STATUS_POLL_MS = 20;
const ANSWER_MS = 60_000;
/** The agent gives a freeze up after 15 s without it. */
const PAUSE_MS = 12_000;
/** A path may be on a disk that sleeps, or a server that is away. */
const SHARE_MS = 60_000;

function refusal({ payload }: Frame): ShimError {
  return new ShimError('ERR_SHIM_REFUSED', `Shim refused: ${printable(payload, 1000)}`);
}

/** What an OK or ERROR of that id answers: EXPECT is of a process, PAUSE of none. */
function askedWith(id: number): string {
  return answerKey(id === 0 ? ApiType.PAUSE : ApiType.EXPECT, id);
}

function answerKey(type: number, id: number): string {
  return `${type}:${id}`;
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
