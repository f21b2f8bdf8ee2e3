// SPDX-License-Identifier: Apache-2.0
// The agent's side of the data channel on a unix socket: hello, and processes made of test code that obey credit.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { LAYER } from '../../../toolstack/agent/wire.js';
import { ApiType } from '../../../toolstack/api/wire.js';
import type { Frame } from '../../../toolstack/base/frame.js';
import { FakeProcess } from './fake-process.js';
import { FrameSocket } from '../shim/frame-socket.js';

const HELLO = 0x01;
const MAGIC = 0x77616874;

export class FakeAgent {
  peer!: FrameSocket;
  readonly #server: Server;
  readonly #processes = new Map<number, FakeProcess>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(path: string): Promise<FakeAgent> {
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    return new FakeAgent(server);
  }

  /** Waits for the shim. */
  async accept(): Promise<void> {
    const [socket] = (await once(this.#server, 'connection')) as [FrameSocket['socket']];
    this.peer = new FrameSocket(socket);
    this.peer.onFrame = (frame) => {
      this.#processes.get(frame.id)?.take(frame);
    };
  }

  hello(version = 1, channel = 2): void {
    const payload = Buffer.alloc(16 + 4 + 4);
    payload.writeUInt32LE(MAGIC, 0);
    payload.writeUInt32LE(version, 4);
    payload.writeUInt32LE(channel, 12);
    payload.writeUInt32LE(4, 16);
    payload.write('test', 20);
    this.peer.send(HELLO, 0, 0, payload);
  }

  /** Makes a process that receives frames from now on; sends its first CREDIT as an agent does. */
  begin(id: number, stdin = true, announced = true): FakeProcess {
    const process = new FakeProcess(this.peer, id);
    this.#processes.set(id, process);
    if (announced) process.grant(stdin ? 262144 : 0);
    return process;
  }

  /** Receives frames without a process. Layers always come here, since their numbers are no process ids. */
  onOther(take: (frame: Frame) => void): void {
    this.peer.onFrame = (frame) => {
      const process = frame.type === LAYER ? undefined : this.#processes.get(frame.id);
      if (process) process.take(frame);
      else take(frame);
    };
  }

  close(): void {
    this.peer?.close();
    this.#server.close();
  }
}

export { ApiType };
