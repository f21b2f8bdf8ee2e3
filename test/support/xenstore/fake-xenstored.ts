// SPDX-License-Identifier: Apache-2.0
// A xenstored for tests without Xen: listens on a unix socket, speaks the wire protocol, keeps its nodes in memory, and can be told
// to misbehave. Component tests may use it too: `const fake = await FakeXenstored.start()`, then XENSTORED_PATH or `path: fake.path`.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeConnection } from './fake-xenstored-connection.js';
import { FakeStore, type Change, type FakeQuota } from './fake-store.js';

export interface FakeRequest {
  readonly type: number;
  readonly requestId: number;
  readonly txId: number;
  readonly payload: Buffer;
}

export interface FakeOptions {
  /** The domain that clients count as; 0, which may do everything, by default. */
  readonly domid?: number;
  /** For domains other than 0. */
  readonly quota?: FakeQuota;
  readonly maxWatches?: number;
  readonly maxTransactions?: number;
  /** Connections that wait to be accepted; past them the kernel refuses with EAGAIN. */
  readonly backlog?: number;
  /** How a list of children past 4096 bytes is sent: in parts (Xen's C daemon) or in one long reply, without DIRECTORY_PART (OCaml). */
  readonly flavour?: 'c' | 'ocaml';
  /** Sees each request first; returns what to send instead of the true reply, 'drop' for nothing, undefined to go on as usual. */
  intercept?: (request: FakeRequest, connection: FakeConnection) => Buffer | 'drop' | undefined;
}

export class FakeXenstored {
  readonly path: string;
  readonly store = new FakeStore();
  readonly introduced = new Set([0]);
  readonly connections = new Set<FakeConnection>();
  /** All requests in the order they came. */
  readonly requests: FakeRequest[] = [];
  readonly options: FakeOptions;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(server: Server, folder: string, options: FakeOptions) {
    this.#server = server;
    this.#folder = folder;
    this.path = join(folder, 'socket');
    this.options = options;
  }

  static async start(options: FakeOptions = {}): Promise<FakeXenstored> {
    const folder = await mkdtemp(join(tmpdir(), 'fake-xenstored-'));
    const server = createServer((socket) => {
      const connection = new FakeConnection(fake, socket);
      fake.connections.add(connection);
      socket.once('close', () => fake.connections.delete(connection));
    });
    const fake = new FakeXenstored(server, folder, options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: fake.path, backlog: options.backlog }, resolve);
    });
    return fake;
  }

  /** How many watches and open transactions all clients have: to see that nothing is left. */
  get leftovers(): { watches: number; transactions: number } {
    const all = [...this.connections];
    return {
      watches: all.reduce((sum, c) => sum + c.watches.length, 0),
      transactions: all.reduce((sum, c) => sum + c.transactions.size, 0),
    };
  }

  /** Sets a node as another client would, with its events. */
  write(path: string, value: string | Buffer): void {
    this.store.write(path, Buffer.from(value), 0);
    this.fireAll(this.store.changes.splice(0));
  }

  /** Removes a node as another client would, with its events. */
  rm(path: string): void {
    this.store.rm(path, 0);
    this.fireAll(this.store.changes.splice(0));
  }

  /** The text of a node; undefined when there is none. */
  text(path: string): string | undefined {
    return this.store.nodes.get(path)?.value.toString();
  }

  fireAll(changes: readonly Change[]): void {
    for (const change of changes)
      for (const connection of this.connections) connection.fire(change);
  }

  fireSpecial(name: string): void {
    for (const connection of this.connections) connection.fireSpecial(name);
  }

  /** Cuts all clients off, as a xenstored that dies does. */
  disconnectAll(): void {
    for (const connection of this.connections) connection.destroy();
  }

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }
}
