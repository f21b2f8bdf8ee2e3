// SPDX-License-Identifier: Apache-2.0
// Attaches thawd to a process as its client: reads and writes its streams through the shim, within their windows, where no launcher gets them
// (docs/shim.md).

import { connect, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { ApiType, decodeExit, SHIM_MAX, type ExitStatus } from '../../api/wire.js';
import { withDeadline } from '../../base/deadline.js';
import { encodeFrame, FrameParser, ProtocolError, type Frame } from '../../base/frame.js';
import { printable } from '../../base/text.js';
import { ShimError } from './client.js';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ATTACH_MS = 30_000;
/** Bytes of stderr that are kept. */
const ERRORS_MAX = 4096;

export class Attached {
  /** The process's stdout. A reader that stops reading stops the writer. */
  readonly output: Readable;
  /** The process's stdin, where it was attached. */
  readonly input: Writable;
  /** Resolves with the exit status after the last byte. Rejects with ERR_SHIM_GONE or ERR_SHIM_LOST. */
  readonly ended: Promise<ExitStatus>;
  readonly #socket: Socket;
  readonly #process: number;
  #settle: { resolve: (exit: ExitStatus) => void; reject: (error: Error) => void } | undefined;
  #attached: ((error?: Error) => void) | undefined;
  #errors = Buffer.alloc(0);
  /** Bytes of stdout without a credit yet. */
  #owed = 0;
  #credit = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, process: number) {
    this.#socket = socket;
    this.#process = process;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // A caller that uses only the streams does not handle this promise.
    this.ended.catch(() => undefined);
    this.output = new Readable({ read: () => this.#giveCredit() });
    this.input = new Writable({
      write: (chunk: Buffer, _encoding, done) => void this.#send(chunk).then(() => done(), done),
      final: (done) => {
        this.#write(ApiType.EOF, STDIN);
        done();
      },
    });
    for (const stream of [this.output, this.input]) stream.on('error', () => undefined);
    const parser = new FrameParser(SHIM_MAX);
    socket.on('data', (chunk: Buffer) => this.#receive(parser, chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#fail(new ShimError('ERR_SHIM_GONE', 'The shim ended')));
  }

  /** Attaches to a process that was announced. Rejects with ERR_SHIM_REFUSED, ERR_SHIM_GONE or ERR_SHIM_TIMEOUT. */
  static async open(path: string, process: number, feeds: boolean): Promise<Attached> {
    const socket = connect(path);
    const attached = new Attached(socket, process);
    const answered = new Promise<void>((resolve, reject) => {
      attached.#attached = (error) => (error ? reject(error) : resolve());
    });
    attached.#write(ApiType.ATTACH, feeds ? 1 : 0);
    try {
      await withDeadline(answered, ATTACH_MS, 'Shim does not attach', { code: 'ERR_SHIM_TIMEOUT' });
      return attached;
    } catch (error) {
      attached.close();
      throw error;
    }
  }

  /** Returns the process's stderr as printable text. Untrusted. */
  get errors(): string {
    return printable(this.#errors, ERRORS_MAX);
  }

  /** Detaches: the process's stdin ends, and its output is no longer read. Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  #write(type: number, arg: number, payload?: Buffer): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(type, this.#process, arg, payload));
  }

  #giveCredit(): void {
    if (this.#owed === 0) return;
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(this.#owed, 0);
    this.#owed = 0;
    this.#write(ApiType.CREDIT, STDOUT, payload);
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      while (this.#credit === 0 && this.#settle)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      if (!this.#settle) throw new ShimError('ERR_SHIM_GONE', 'The process has ended');
      const piece = chunk.subarray(at, at + Math.min(this.#credit, SHIM_MAX));
      this.#credit -= piece.length;
      at += piece.length;
      this.#write(ApiType.STREAM, STDIN, piece);
    }
  }

  #receive(parser: FrameParser, chunk: Buffer): void {
    try {
      for (const frame of parser.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  #take({ type, arg, payload }: Frame): void {
    switch (type) {
      case ApiType.ATTACHED:
        return this.#attached?.();
      case ApiType.ERROR:
        return this.#fail(new ShimError('ERR_SHIM_REFUSED', printable(payload, 1000)));
      case ApiType.LOST:
        return this.#fail(
          new ShimError('ERR_SHIM_LOST', `Guest is lost: ${printable(payload, 1000)}`),
        );
      case ApiType.CREDIT:
        if (payload.length !== 4) throw new ProtocolError('A credit has a wrong size');
        this.#credit += payload.readUInt32LE(0);
        return this.#wake();
      case ApiType.STREAM:
        return arg === STDERR ? this.#takeError(payload) : this.#takeOutput(payload);
      case ApiType.EOF:
        if (arg === STDOUT) this.output.push(null);
        return;
      case ApiType.EXIT: {
        const exit = decodeExit(payload);
        if (exit) this.#end(exit);
        return;
      }
      default:
        throw new ProtocolError(`The shim sent a message of unknown type ${type}`);
    }
  }

  #takeOutput(payload: Buffer): void {
    this.#owed += payload.length;
    this.output.push(Buffer.from(payload));
  }

  #takeError(payload: Buffer): void {
    const room = ERRORS_MAX - this.#errors.length;
    this.#errors = Buffer.concat([this.#errors, payload.subarray(0, room)]);
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(payload.length, 0);
    this.#write(ApiType.CREDIT, STDERR, credit);
  }

  #end(exit: ExitStatus): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve(exit);
    this.#wake();
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    const settle = this.#settle;
    if (!settle) return;
    this.#settle = undefined;
    this.#attached?.(error);
    settle.reject(error);
    this.output.destroy(error);
    this.input.destroy(error);
    this.#wake();
    this.#socket.destroy();
  }
}
