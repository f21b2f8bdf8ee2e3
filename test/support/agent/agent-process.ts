// SPDX-License-Identifier: Apache-2.0
// A process of the agent as its data client sees it: collects its output, obeys credit in both directions.

import { createHash } from 'node:crypto';
import { ApiType, decodeExit, type ExitStatus } from '../../../toolstack/api/wire.js';
import { decodeFields, type Frame } from '../../../toolstack/base/frame.js';
import type { FrameSocket } from '../shim/frame-socket.js';
import { until, within } from '../within.js';

const WINDOW = 262144;

class Output {
  bytes = 0;
  isEnded = false;
  credit = WINDOW;
  /** The bytes of output to keep; a few more may be kept. */
  headMax = 65536;
  readonly #hash = createHash('sha256');
  readonly #head: Buffer[] = [];
  #headBytes = 0;

  take(payload: Buffer): void {
    this.bytes += payload.length;
    this.credit -= payload.length;
    this.#hash.update(payload);
    if (this.#headBytes < this.headMax) {
      this.#head.push(Buffer.from(payload));
      this.#headBytes += payload.length;
    }
  }

  /** The first 64 KiB of output or a little more, or headMax. */
  get head(): Buffer {
    return Buffer.concat(this.#head);
  }

  get text(): string {
    return this.head.toString();
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

export class AgentProcess {
  readonly stdout = new Output();
  readonly stderr = new Output();
  /** The type of every frame, in order, without repeats of streams. */
  readonly order: string[] = [];
  exit: ExitStatus | undefined;
  /** Bytes that may still be sent to stdin. */
  credit = 0;
  isAnnounced = false;
  /** The answers to CGROUP_STATS. */
  readonly stats: Buffer[][] = [];
  /** Protocol rules that the agent broke. */
  readonly complaints: string[] = [];

  constructor(
    public data: FrameSocket,
    readonly id: number,
    /** Returns credit for received output. */
    public isAutoCredited: boolean,
  ) {}

  take(frame: Frame): void {
    if (this.exit) this.complaints.push(`frame of type ${frame.type} after EXIT`);
    if (!this.isAnnounced && frame.type !== ApiType.CREDIT)
      this.complaints.push('first frame is no CREDIT');
    this.isAnnounced = true;
    const output = frame.arg === 2 ? this.stderr : this.stdout;
    const what = `${frame.type}:${frame.arg}`;
    if (this.order.at(-1) !== what) this.order.push(what);
    if (frame.type === ApiType.CREDIT) this.credit += frame.payload.readUInt32LE(0);
    else if (frame.type === ApiType.STREAM) this.#stream(frame, output);
    else if (frame.type === ApiType.EOF) output.isEnded = true;
    else if (frame.type === ApiType.EXIT) this.exit = decodeExit(frame.payload);
    else if (frame.type === ApiType.CGROUP_STATS) this.stats.push(decodeFields(frame.payload, 5));
    else this.complaints.push(`frame of type ${frame.type}`);
  }

  #stream(frame: Frame, output: Output): void {
    output.take(frame.payload);
    if (output.isEnded) this.complaints.push('STREAM after EOF');
    if (output.credit < 0) this.complaints.push('more than the credit');
    if (this.isAutoCredited) this.grant(frame.arg, frame.payload.length);
  }

  grant(stream: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes, 0);
    (stream === 2 ? this.stderr : this.stdout).credit += bytes;
    this.data.send(ApiType.CREDIT, this.id, stream, payload);
  }

  /** Sends all bytes, as credit allows. */
  async write(bytes: Buffer | string): Promise<void> {
    const all = Buffer.from(bytes as Buffer);
    for (let at = 0; at < all.length;) {
      await until('stdin has credit', () => this.credit > 0 || this.exit !== undefined);
      if (this.exit) return;
      const piece = all.subarray(at, at + Math.min(this.credit, 65536));
      this.credit -= piece.length;
      this.data.send(ApiType.STREAM, this.id, 0, piece);
      at += piece.length;
    }
  }

  end(): void {
    this.data.send(ApiType.EOF, this.id, 0);
  }

  /** Tells the agent that an output has no reader any more. */
  stopReading(stream: number): void {
    this.data.send(ApiType.EOF, this.id, stream);
  }

  askStats(): void {
    this.data.send(ApiType.CGROUP_STATS, this.id, 0);
  }

  signal(number: number): void {
    this.data.send(ApiType.SIGNAL, this.id, number);
  }

  async ended(timeoutMs = 20_000): Promise<ExitStatus> {
    await within(timeoutMs, `the exit of process ${this.id}`, () =>
      until('it exited', () => this.exit !== undefined, timeoutMs),
    );
    if (this.complaints.length > 0) throw new Error(this.complaints.join(', '));
    if (!this.exit) throw new Error('unreachable');
    return this.exit;
  }
}
