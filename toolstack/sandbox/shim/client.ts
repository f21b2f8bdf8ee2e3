// SPDX-License-Identifier: Apache-2.0
// Connects thawd to one shim: announces processes, and receives exits and the loss of the guest (docs/shim.md).

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
  /** The guest is gone or broke the protocol. `reason` is the shim's text. */
  onLost(reason: string): void;
  /** The shim was killed or quit. */
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

  /**
   * Returns the state of the shim and its processes. Events arrive from the first call on. Containers of a pod may call at once: they share one
   * request.
   */
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

  /** Announces a process before its start. Both paths are empty for a process that leaves nothing. The log's path alone may be empty, too. */
  async expect(process: number, flags: number, logPath: string, statusPath: string): Promise<void> {
    const payload = encodeExpect(logPath, statusPath);
    await this.#ask(ApiType.EXPECT, process, flags, payload, `expect ${process}`, ANSWER_MS);
  }

  /**
   * Has the shim send a file to the guest as the layer of that number, once the guest is connected. The shim reports a file that it cannot read as
   * the loss of the guest.
   */
  inject(layer: number, path: string): void {
    if (this.#isOpen)
      this.#socket.write(encodeFrame(ApiType.INJECT, layer, 0, encodeFields([path])));
  }

  /** Has the shim forget a process that did not start, or whose start is unknown. `why` is one of the Forget reasons (docs/shim.md). */
  forget(process: number, why: number): void {
    if (this.#isOpen) this.#socket.write(encodeFrame(ApiType.FORGET, process, why));
  }

  signal(process: number, signal: number): void {
    if (this.#isOpen) this.#socket.write(encodeFrame(ApiType.SIGNAL, process, signal));
  }

  /**
   * Has the shim disconnect from the agent between two frames, and reconnect when the guest is back. Resolves once the shim has unmapped its ring.
   * Rejects with ERR_SHIM_REFUSED when the channel is not up or the guest is lost.
   */
  async pause(timeoutMs = PAUSE_MS): Promise<void> {
    await this.#ask(ApiType.PAUSE, 0, 0, undefined, 'a pause', timeoutMs);
  }

  /**
   * Has a server of the shim serve shares over the rings of the guest's 9pfs device of that number. Resolves once it serves. With `fidSnapshot`, it
   * continues where the server that wrote this fid snapshot stopped. Rejects with ERR_SHIM_REFUSED when it cannot serve.
   */
  async share(
    device: number,
    rings: readonly { ref: number; port: number }[],
    exports: readonly Export[],
    { fidSnapshot, timeoutMs = SHARE_MS }: { fidSnapshot?: string; timeoutMs?: number } = {},
  ): Promise<void> {
    const payload = encodeShare(rings, exports, fidSnapshot);
    await this.#ask(ApiType.SHARE, device, 0, payload, 'to share files', timeoutMs);
  }

  /**
   * Ends the device's server, where there is one. Resolves once the server is gone and has released all of the guest's memory and the host's files.
   */
  async unshare(device: number, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(ApiType.UNSHARE, device, 0, undefined, 'to share no files', timeoutMs);
  }

  /**
   * Has the device's server write a fid snapshot of the guest's open files into a new file, and answer no request from then on. Rejects with
   * ERR_SHIM_REFUSED when the snapshot fails: the server then serves on, and there is no file.
   */
  async saveFids(device: number, path: string, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(
      ApiType.SAVE_FIDS,
      device,
      0,
      encodeFields([path]),
      'to save the open files',
      timeoutMs,
    );
  }

  /** Resumes the device's server, also where it is unknown whether it has stopped. The shim gives up a snapshot that is not done yet. */
  async resumeShares(device: number, timeoutMs = SHARE_MS): Promise<void> {
    await this.#ask(
      ApiType.SAVE_FIDS,
      device,
      0,
      encodeFields(['']),
      'to share files again',
      timeoutMs,
    );
  }

  /** Asks the shim to unmap its ring and end. Resolves when the shim is gone; rejects with ERR_SHIM_TIMEOUT after `timeoutMs`. Idempotent. */
  async quit(timeoutMs = ANSWER_MS): Promise<void> {
    if (!this.#isOpen) return;
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.write(encodeFrame(ApiType.QUIT, 0, 0));
    await withDeadline(gone, timeoutMs, 'Shim does not end', { code: 'ERR_SHIM_TIMEOUT' }).finally(
      () => this.#socket.destroy(),
    );
  }

  /** Disconnects from the shim, which runs on. */
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
      case ApiType.FIDS_SAVED:
        return this.#settle(answerKey(ApiType.SAVE_FIDS, frame.id), (waiter) =>
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
/** The agent gives up a freeze after 15 s without the shim's pause. */
const PAUSE_MS = 12_000;
/** A path may be on a sleeping disk or an unreachable server. */
const SHARE_MS = 60_000;

function refusal({ payload }: Frame): ShimError {
  return new ShimError('ERR_SHIM_REFUSED', `Shim refused: ${printable(payload, 1000)}`);
}

/** Returns the key of the request that an OK or ERROR with that id answers: EXPECT has a process's id, PAUSE has id 0. */
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
