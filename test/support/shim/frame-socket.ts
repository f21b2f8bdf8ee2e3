// SPDX-License-Identifier: Apache-2.0
// A socket that sends frames and waits for expected frames.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameParser, type Frame } from '../../../toolstack/base/frame.js';
import { within } from '../within.js';

export class FrameSocket {
  readonly socket: Socket;
  /** Resolves when the peer has closed the connection. */
  readonly closed: Promise<void>;
  #onFrame: ((frame: Frame) => void) | undefined;
  readonly #parser: FrameParser;
  readonly #queue: Frame[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(socket: Socket, maxPayload = 65536) {
    this.socket = socket;
    this.#parser = new FrameParser(maxPayload);
    socket.on('data', (chunk) => {
      for (const frame of this.#parser.push(chunk)) this.#take(frame);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  get onFrame(): ((frame: Frame) => void) | undefined {
    return this.#onFrame;
  }

  /** Set it to receive frames as they come instead of by next(), beginning with those that have already come. */
  set onFrame(take: ((frame: Frame) => void) | undefined) {
    this.#onFrame = take;
    if (take) for (const frame of this.#queue.splice(0)) take(frame);
  }

  static async connect(path: string, maxPayload?: number): Promise<FrameSocket> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new FrameSocket(socket, maxPayload);
  }

  #take(frame: Frame): void {
    if (this.#onFrame) {
      this.#onFrame(frame);
      return;
    }
    this.#queue.push(frame);
    this.#wake();
  }

  /** Sends one frame; false when the socket's buffer is full. */
  send(type: number, id: number, arg: number, payload?: Buffer): boolean {
    return this.socket.write(encodeFrame(type, id, arg, payload));
  }

  raw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Returns the next frame; undefined when the connection ends instead. Throws after `timeoutMs`. */
  async next(timeoutMs = 10_000): Promise<Frame | undefined> {
    await within(timeoutMs, 'a frame', async () => {
      while (this.#queue.length === 0 && !this.#isClosed)
        await new Promise<void>((resolve) => (this.#wake = resolve));
    });
    return this.#queue.shift();
  }

  /** Returns the next frame of a type and drops those before it. Throws when the connection ends or after the timeout. */
  async nextOf(type: number, timeoutMs?: number): Promise<Frame> {
    for (;;) {
      const frame = await this.next(timeoutMs);
      if (!frame) throw new Error(`The connection ended before a frame of type ${type}`);
      if (frame.type === type) return frame;
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
