// SPDX-License-Identifier: Apache-2.0
// Reads a client's standard input in thawd itself: the launcher joins a pretended process at thawd's own socket, and thawd speaks for
// that process's shim (docs/api.md).

import { randomInt } from 'node:crypto';
import { ApiType, SHIM_MAX } from '../api/wire.js';
import { withDeadline } from '../base/deadline.js';
import { ThawError } from '../base/errors.js';
import { ProtocolError, type Frame } from '../base/frame.js';

/** The most bytes in flight and unread. */
const WINDOW = 262144;
const STDIN = 0;
const ATTACH_MS = 60_000;

export type Send = (type: number, id: number, arg: number, payload?: Buffer) => void;

/** One client's standard input. It can be read once, to its end or until close(). */
export class ClientInput implements AsyncIterable<Buffer> {
  readonly id: number;
  /** Uid of the client; undefined where any client may bring it. */
  readonly uid: number | undefined;
  readonly #onSignal: (number: number) => void;
  readonly #chunks: Buffer[] = [];
  readonly #attached: Promise<void>;
  #tellAttached: () => void = () => undefined;
  #send: Send | undefined;
  #credit = 0;
  #isAtEnd = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  /** `onSignal` is called for signals to the launcher. */
  constructor(id: number, onSignal: (number: number) => void, uid?: number) {
    this.id = id;
    this.uid = uid;
    this.#onSignal = onSignal;
    this.#attached = new Promise((resolve) => (this.#tellAttached = resolve));
  }

  /** Takes the launcher's connection. Throws ProtocolError where there is one already. */
  attach(send: Send): void {
    if (this.#send) throw new ProtocolError('An input may be attached to once');
    this.#send = send;
    send(ApiType.ATTACHED, this.id, 1);
    this.#grant(WINDOW);
    this.#tellAttached();
  }

  /** Handles a frame of the launcher's. Throws ProtocolError. */
  handle({ type, id, arg, payload }: Frame): void {
    if (id !== this.id) throw new ProtocolError(`Input ${this.id} got a message for ${id}`);
    if (type === ApiType.SIGNAL) return this.#onSignal(arg);
    // The window size of a terminal is of no use: nothing is written to it.
    if (type === ApiType.CREDIT || type === ApiType.WINSIZE) return;
    if (type === ApiType.EOF && arg !== STDIN) return;
    if ((type !== ApiType.STREAM && type !== ApiType.EOF) || arg !== STDIN || this.#isAtEnd)
      throw new ProtocolError(`An input got a message of type ${type} for stream ${arg}`);
    if (type === ApiType.EOF) this.#isAtEnd = true;
    else {
      if (payload.length > SHIM_MAX || payload.length > this.#credit)
        throw new ProtocolError('An input got more than it has room for');
      this.#credit -= payload.length;
      this.#chunks.push(payload);
    }
    this.#wake();
  }

  /** Fails the reader with this error from now on. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
    this.#tellAttached();
  }

  /** Tells the launcher that reading has ended; thawd then gives its exit status. */
  close(): void {
    const exited = Buffer.alloc(8);
    exited.writeUInt32LE(1, 0);
    this.#send?.(ApiType.EXIT, this.id, 0, exited);
    this.#send = undefined;
    this.fail(new ThawError('ERR_CLIENT_GONE', 'The input was closed'));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    await withDeadline(this.#attached, ATTACH_MS, 'Launcher does not bring its standard input');
    for (;;) {
      if (this.#failure) throw this.#failure;
      const chunk = this.#chunks.shift();
      if (chunk) {
        yield chunk;
        this.#grant(chunk.length);
      } else if (this.#isAtEnd) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #grant(bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes, 0);
    this.#credit += bytes;
    this.#send?.(ApiType.CREDIT, this.id, STDIN, payload);
  }
}

/** Inputs that launchers were asked to connect, and have not connected yet. */
export class Inputs {
  /** The socket that launchers connect to. */
  readonly socketPath: string;
  readonly #expected = new Map<number, ClientInput>();

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** Only a client of this uid may bring the input, if one is given. */
  expect(onSignal: (number: number) => void, uid?: number): ClientInput {
    let id = randomInt(1, 2 ** 32);
    while (this.#expected.has(id)) id = randomInt(1, 2 ** 32);
    const input = new ClientInput(id, onSignal, uid);
    this.#expected.set(id, input);
    return input;
  }

  /** Returns the input of that number, which then belongs to the connection. Throws ProtocolError. */
  take(id: number, uid?: number): ClientInput {
    const input = this.#expected.get(id);
    if (!input || input.uid !== uid) throw new ProtocolError(`No input ${id} is waited for`);
    this.#expected.delete(id);
    return input;
  }

  /** Forgets an input that is in no more use. */
  forget({ id }: ClientInput): void {
    this.#expected.delete(id);
  }
}
