// SPDX-License-Identifier: Apache-2.0
// One process of the fake agent: input as an async iterator, output within credit, signals, its end.

import { once } from 'node:events';
import { ApiType } from '../../../toolstack/api/wire.js';
import { encodeFields, type Frame } from '../../../toolstack/base/frame.js';
import type { FrameSocket } from '../shim/frame-socket.js';
import { within } from '../within.js';

const WINDOW = 262144;

export class FakeProcess {
  readonly id: number;
  /** Set to false to let the input's window fill. */
  grants = true;
  readonly signals: number[] = [];
  readonly sizes: { rows: number; cols: number }[] = [];
  /** Output streams that dom0 reported as having no reader. */
  readonly unread = new Set<number>();
  readonly #peer: FrameSocket;
  readonly #credit = [0, WINDOW, WINDOW];
  readonly #input: Buffer[] = [];
  #inputEnded = false;
  #wakes: (() => void)[] = [];

  constructor(peer: FrameSocket, id: number) {
    this.#peer = peer;
    this.id = id;
    peer.socket.setMaxListeners(0);
    peer.socket.on('close', () => {
      this.#wake();
    });
  }

  /** The answer to CGROUP_STATS; without it the process does not answer. */
  stats: string[] | undefined;
  /** The number of CGROUP_STATS requests. */
  asked = 0;

  /** Handles a frame from dom0. */
  take(frame: Frame): void {
    switch (frame.type) {
      case ApiType.STREAM:
        this.#input.push(Buffer.from(frame.payload));
        break;
      case ApiType.EOF:
        if (frame.arg === 0) this.#inputEnded = true;
        else this.unread.add(frame.arg);
        break;
      case ApiType.CREDIT:
        this.#credit[frame.arg] = this.credit(frame.arg) + frame.payload.readUInt32LE(0);
        break;
      case ApiType.SIGNAL:
        this.signals.push(frame.arg);
        break;
      case ApiType.CGROUP_STATS:
        this.asked++;
        if (this.stats) this.tell(this.stats);
        break;
      case ApiType.WINSIZE:
        this.sizes.push({
          rows: frame.payload.readUInt16LE(0),
          cols: frame.payload.readUInt16LE(2),
        });
        break;
      default:
        throw new Error(`An unexpected frame of type ${frame.type} came from dom0`);
    }
    this.#wake();
  }

  /** Answers CGROUP_STATS. */
  tell(stats: string[]): void {
    this.#peer.send(ApiType.CGROUP_STATS, this.id, 0, encodeFields(stats));
  }

  credit(stream: number): number {
    return this.#credit[stream] ?? 0;
  }

  grant(bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes, 0);
    this.#peer.send(ApiType.CREDIT, this.id, 0, payload);
  }

  /** Yields the input in the pieces as received, until its end. Grants credit for each piece. */
  async *input(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#input.shift();
      if (chunk) {
        yield chunk;
        if (this.grants && !this.#inputEnded) this.grant(chunk.length);
      } else if (this.#inputEnded) return;
      else if (this.#peer.socket.destroyed) throw new Error('The channel ended');
      else await this.changed();
    }
  }

  /** Writes all bytes to a stream, as credit comes, in frames of at most `frameBytes`. */
  async write(stream: number, bytes: Buffer | string, frameBytes = 65536): Promise<void> {
    let rest = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    while (rest.length > 0) {
      const n = Math.min(rest.length, this.credit(stream), frameBytes);
      if (this.#peer.socket.destroyed || this.unread.has(stream)) return;
      if (n === 0) {
        await this.changed();
        continue;
      }
      this.#credit[stream] = this.credit(stream) - n;
      if (!this.#peer.send(ApiType.STREAM, this.id, stream, rest.subarray(0, n)))
        await once(this.#peer.socket, 'drain');
      rest = rest.subarray(n);
    }
  }

  eof(stream: number): void {
    this.#peer.send(ApiType.EOF, this.id, stream);
  }

  /** Ends both outputs, then the process. */
  exit(value: number, kind = 1): void {
    this.eof(1);
    this.eof(2);
    this.exitOnly(value, kind);
  }

  /** Ends the process only. `oomKills`: the number of its container's processes that were killed for want of memory. */
  exitOnly(value: number, kind = 1, oomKills = 0): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32LE(kind, 0);
    payload.writeUInt32LE(value, 4);
    this.#peer.send(ApiType.EXIT, this.id, oomKills, payload);
  }

  /** Resolves at the next frame for this process, or when the channel ends. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  async until(what: string, isTrue: () => boolean, timeoutMs = 10_000): Promise<void> {
    await within(timeoutMs, what, async () => {
      while (!isTrue()) await this.changed();
    });
  }

  #wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }
}
