// SPDX-License-Identifier: Apache-2.0
// A xenstored for tests without Xen. It listens on a unix socket, speaks the wire protocol, keeps its nodes in memory, and can misbehave on demand.
// Component tests may use it too: `const fake = await FakeXenstored.start()`, then XENSTORED_PATH or `path: fake.path`.

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
  /** The clients' domain; default 0, which may do everything. */
  readonly domid?: number;
  /** The quota of domains other than 0. */
  readonly quota?: FakeQuota;
  readonly maxWatches?: number;
  readonly maxTransactions?: number;
  /** The most connections that wait to be accepted. The kernel refuses further ones with EAGAIN. */
  readonly backlog?: number;
  /** The form of a list of children past 4096 bytes: in parts (Xen's C daemon) or in one long reply, without DIRECTORY_PART (OCaml). */
  readonly flavour?: 'c' | 'ocaml';
  /** Sees each request first. Returns the bytes to send instead of the true reply, 'drop' for nothing, undefined for the true reply. */
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

  /** The number of all clients' watches and open transactions, to check that none are left. */
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

  /** Returns the text of a node; undefined when it does not exist. */
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

  /** Disconnects all clients, as a dying xenstored does. */
  disconnectAll(): void {
    for (const connection of this.connections) connection.destroy();
  }

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }
}
