// SPDX-License-Identifier: Apache-2.0
// Carries the streams of one process between the shim and the launcher of a user without root's rights. A shim obeys whoever connects, so thawd
// lets only frames of that process through.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ApiType, SHIM_MAX } from '../api/wire.js';
import { encodeFrame, FrameParser, ProtocolError, type Frame } from '../base/frame.js';
import type { Log } from '../base/log.js';
import type { Caller } from '../policy/index.js';
import { callerOf } from './peer.js';

const OWN_STREAMS: readonly number[] = [
  ApiType.STREAM,
  ApiType.EOF,
  ApiType.CREDIT,
  ApiType.SIGNAL,
  ApiType.WINSIZE,
];
/** The flags of ATTACH: the client sends stdin; the process ends with its client. */
const ATTACH_FLAGS = 3;

export class Relay {
  /** The socket that the launcher connects to. */
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
  }

  /**
   * Opens a socket in `folder` that this caller alone can connect to, once, for the streams of one process of the shim at `shimPath`. The caller of
   * open() closes the relay.
   */
  static async open(
    folder: string,
    shimPath: string,
    process: number,
    caller: Caller,
    log: Log,
  ): Promise<Relay> {
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const path = join(folder, `${randomBytes(16).toString('hex')}.sock`);
    const server = createServer();
    const relay = new Relay(path, server);
    server.once('connection', (launcher) => relay.#serve(launcher, shimPath, process, caller, log));
    server.maxConnections = 1;
    try {
      server.listen(path);
      await once(server, 'listening');
      // The folder's mode lets nobody list the sockets, and the name cannot be guessed meanwhile.
      await chmod(path, 0o600);
      await chown(path, caller.uid, caller.gid);
      return relay;
    } catch (error) {
      await relay.close();
      throw error;
    }
  }

  /** Closes the relay if no launcher has connected: its client has gone. */
  async closeUnused(): Promise<void> {
    if (this.#sockets.size === 0) await this.close();
  }

  /** Ends both connections and removes the socket. Idempotent. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await rm(this.path, { force: true });
  }

  #serve(launcher: Socket, shimPath: string, process: number, caller: Caller, log: Log): void {
    const shim = connect(shimPath);
    const both = [launcher, shim];
    // No second launcher may connect.
    this.#server.close();
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => both.forEach((one) => one.destroySoon()));
    }
    void rm(this.path, { force: true });
    try {
      if (callerOf(launcher).uid !== caller.uid) throw new ProtocolError('Another user connected');
    } catch (error) {
      log.warn('Closing a connection to a process', { error });
      return void launcher.destroy();
    }
    shim.pipe(launcher);
    const filter = new LauncherFrames(process);
    launcher.on('data', (chunk: Buffer) => {
      try {
        for (const bytes of filter.push(chunk)) if (!shim.write(bytes)) launcher.pause();
      } catch (error) {
        log.warn('Closing a connection that broke the protocol', { error });
        launcher.destroy();
      }
    });
    shim.on('drain', () => launcher.resume());
  }
}

/** Lets the frames of a launcher through: first ATTACH to its process, then that process's streams and signals. */
export class LauncherFrames {
  readonly #parser = new FrameParser(SHIM_MAX);
  readonly #process: number;
  #isAttached = false;

  constructor(process: number) {
    this.#process = process;
  }

  /** Returns the bytes for the shim. Throws ProtocolError for any other frame. */
  push(chunk: Buffer): Buffer[] {
    return this.#parser.push(chunk).map((frame) => {
      this.#check(frame);
      return encodeFrame(frame.type, frame.id, frame.arg, frame.payload);
    });
  }

  #check({ type, id, arg }: Frame): void {
    const isFirst = type === ApiType.ATTACH && !this.#isAttached && (arg & ~ATTACH_FLAGS) === 0;
    const isLater = this.#isAttached && OWN_STREAMS.includes(type);
    if (id !== this.#process || !(isFirst || isLater))
      throw new ProtocolError(
        `A launcher may not send a message of type ${type} for process ${id}`,
      );
    this.#isAttached = true;
  }
}
