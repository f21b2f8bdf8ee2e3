// SPDX-License-Identifier: Apache-2.0
// A shim's socket as thawd sees it. The test gives the shim's answers.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiType } from '../../../toolstack/api/wire.js';
import { encodeFields, type Frame } from '../../../toolstack/base/frame.js';
import { FrameSocket } from './frame-socket.js';
import { within } from '../within.js';

export class FakeShim {
  readonly path: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #peers: FrameSocket[] = [];
  #next: (() => void) | undefined;

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
    this.path = join(folder, 'shim.sock');
    server.on('connection', (socket) => {
      this.#peers.push(new FrameSocket(socket));
      this.#next?.();
    });
  }

  static async start(): Promise<FakeShim> {
    const shim = new FakeShim(createServer(), await mkdtemp(join(tmpdir(), 'fake-shim-')));
    shim.#server.listen(shim.path);
    await once(shim.#server, 'listening');
    return shim;
  }

  /** Returns the first client's connection. */
  peer(): Promise<FrameSocket> {
    return within(10_000, 'a client', async () => {
      for (;;) {
        const [first] = this.#peers;
        if (first) return first;
        await new Promise<void>((resolve) => (this.#next = resolve));
      }
    });
  }

  /** Ends at once, like a killed shim. */
  async close(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Answers STATUS with that state and no processes. */
export function sendStatus(peer: FrameSocket, state: string, processes: Buffer[] = []): void {
  peer.send(ApiType.STATUS, 0, 0, encodeFields([state, ...processes]));
}

/** struct thaw_exit. */
export function exitBytes(kind: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeUInt32LE(value, 4);
  return bytes;
}

/** Returns the next frame, which must have that type. */
export async function expectFrame(peer: FrameSocket, type: number): Promise<Frame> {
  const frame = await peer.next();
  if (frame?.type !== type) throw new Error(`Got a frame of type ${frame?.type ?? 'none'}`);
  return frame;
}
