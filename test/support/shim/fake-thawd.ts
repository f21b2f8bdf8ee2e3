// SPDX-License-Identifier: Apache-2.0
// thawd's socket as a launcher sees it. The test makes thawd's decisions.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { ApiType, decodeRequest, REQUEST_MAX, type Request } from '../../../toolstack/api/wire.js';
import { encodeFields } from '../../../toolstack/base/frame.js';
import { FrameSocket } from './frame-socket.js';
import { within } from '../within.js';

/** One launcher's connection. */
export class FakeSession {
  readonly peer: FrameSocket;
  readonly request: Request;

  constructor(peer: FrameSocket, request: Request) {
    this.peer = peer;
    this.request = request;
  }

  output(stream: number, text: string | Buffer): void {
    this.peer.send(ApiType.OUTPUT, 0, stream, Buffer.from(text));
  }

  /** Sends JOIN, perhaps with keys that detach, and waits for JOINED. */
  async join(
    process: number,
    flags: number,
    shimSocket: string,
    keys: string[] = [],
  ): Promise<void> {
    this.peer.send(ApiType.JOIN, process, flags, encodeFields([shimSocket, ...keys]));
    await this.peer.nextOf(ApiType.JOINED);
  }

  /** Sends STAND_IN and resolves with the launcher's answer: the pid, or the reason for a failure. */
  async standIn(process: number, flags: number, fields: string[]): Promise<number | string> {
    this.peer.send(ApiType.STAND_IN, process, flags, encodeFields(fields));
    const { arg, payload } = await this.peer.nextOf(ApiType.STOOD_IN);
    return arg === 0 ? payload.toString() : arg;
  }

  done(status: number): void {
    this.peer.send(ApiType.DONE, 0, status);
  }
}

export class FakeThawd {
  readonly path: string;
  readonly #server: Server;
  readonly #sessions: FakeSession[] = [];
  readonly #peers: FrameSocket[] = [];
  #wake: () => void = () => undefined;
  #isDead = false;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.path = path;
    server.on('connection', (socket) => {
      const peer = new FrameSocket(socket, REQUEST_MAX);
      this.#peers.push(peer);
      peer.nextOf(ApiType.REQUEST, 60_000).then(
        (frame) => {
          this.#sessions.push(new FakeSession(peer, decodeRequest(frame.payload)));
          this.#wake();
        },
        () => undefined,
      );
    });
  }

  static async listen(path: string): Promise<FakeThawd> {
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    return new FakeThawd(server, path);
  }

  /** Returns the next launcher that has sent its request. Rejects after a timeout, and by kill(). */
  async session(): Promise<FakeSession> {
    return within(30_000, 'a launcher', async () => {
      for (;;) {
        const session = this.#sessions.shift();
        if (session) return session;
        if (this.#isDead) throw new Error('It was killed');
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    });
  }

  /** Closes every connection and the listener at once, as kill -9 of thawd does. */
  kill(): void {
    for (const peer of this.#peers) peer.close();
    this.#server.close();
    this.#isDead = true;
    this.#wake();
  }
}
