// SPDX-License-Identifier: Apache-2.0
// How thawd itself reads what a client is fed on its standard input: it has the launcher join a process that is none, at thawd's own
// socket, and speaks for that process's shim (docs/api.md).

import { randomInt } from 'node:crypto';
import { ApiType, SHIM_MAX } from '../api/wire.js';
import { withDeadline } from '../base/deadline.js';
import { ThawError } from '../base/errors.js';
import { ProtocolError, type Frame } from '../base/frame.js';

/** Most bytes that are on their way, or wait to be read. */
const WINDOW = 262144;
const STDIN = 0;
const ATTACH_MS = 60_000;

export type Send = (type: number, id: number, arg: number, payload?: Buffer) => void;

/** One client's standard input. Read once, to its end or until close(). */
export class ClientInput implements AsyncIterable<Buffer> {
  readonly id: number;
  readonly #onSignal: (number: number) => void;
  readonly #chunks: Buffer[] = [];
  readonly #attached: Promise<void>;
  #tellAttached: () => void = () => undefined;
  #send: Send | undefined;
  #credit = 0;
  #isAtEnd = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  /** `onSignal` hears of signals that the launcher gets. */
  constructor(id: number, onSignal: (number: number) => void) {
    this.id = id;
    this.#onSignal = onSignal;
    this.#attached = new Promise((resolve) => (this.#tellAttached = resolve));
  }

  /** The launcher has come. Throws ProtocolError when it had before. */
  attach(send: Send): void {
    if (this.#send) throw new ProtocolError('An input may be attached to once');
    this.#send = send;
    send(ApiType.ATTACHED, this.id, 1);
    this.#grant(WINDOW);
    this.#tellAttached();
  }

  /** What the launcher sends. Throws ProtocolError. */
  handle({ type, id, arg, payload }: Frame): void {
    if (id !== this.id) throw new ProtocolError(`Input ${this.id} got a message for ${id}`);
    if (type === ApiType.SIGNAL) return this.#onSignal(arg);
    // Nothing is written to it, so there is nothing to say of that.
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

  /** Who reads it gets this error from now on. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
    this.#tellAttached();
  }

  /** Tells the launcher that no more is read; its status is then what thawd says. */
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

/** Inputs that launchers were asked to bring, and have not brought yet. */
export class Inputs {
  /** Where they bring them. */
  readonly socketPath: string;
  readonly #expected = new Map<number, ClientInput>();

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  expect(onSignal: (number: number) => void): ClientInput {
    let id = randomInt(1, 2 ** 32);
    while (this.#expected.has(id)) id = randomInt(1, 2 ** 32);
    const input = new ClientInput(id, onSignal);
    this.#expected.set(id, input);
    return input;
  }

  /** The one of that number, from now on its bringer's. Throws ProtocolError. */
  take(id: number): ClientInput {
    const input = this.#expected.get(id);
    if (!input) throw new ProtocolError(`No input ${id} is waited for`);
    this.#expected.delete(id);
    return input;
  }

  /** It is not waited for any more. */
  forget({ id }: ClientInput): void {
    this.#expected.delete(id);
  }
}
