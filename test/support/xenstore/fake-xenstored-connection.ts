// SPDX-License-Identifier: Apache-2.0
// One client of the fake xenstored: parses its requests, answers them, keeps its watches and transactions.

import type { Socket } from 'node:net';
import type { FakeStore } from './fake-store.js';
import { Errno, type Change } from './fake-store.js';
import type { FakeRequest, FakeXenstored } from './fake-xenstored.js';

export const ERROR = 16;
const WATCH_EVENT = 15;
const PAYLOAD_MAX = 4096;

type Handler = (request: FakeRequest, strings: string[]) => string | Buffer;

export class FakeConnection {
  readonly watches: { path: string; token: string }[] = [];
  readonly transactions = new Map<number, FakeStore>();
  readonly #fake: FakeXenstored;
  readonly #socket: Socket;
  #nextTx = 1;
  #input = Buffer.alloc(0);

  constructor(fake: FakeXenstored, socket: Socket) {
    this.#fake = fake;
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  fire({ path, isRemoval }: Change): void {
    for (const watch of this.watches) {
      if (isAtOrBelow(path, watch.path)) this.#sendEvent(path, watch.token);
      else if (isRemoval && isAtOrBelow(watch.path, path)) this.#sendEvent(watch.path, watch.token);
    }
  }

  fireSpecial(name: string): void {
    for (const { path, token } of this.watches) if (path === name) this.#sendEvent(name, token);
  }

  #receive(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 16) {
      const length = this.#input.readUInt32LE(12);
      if (length > PAYLOAD_MAX) return this.destroy();
      if (this.#input.length < 16 + length) return;
      const [type, requestId, txId] = [0, 4, 8].map((at) => this.#input.readUInt32LE(at));
      const payload = Buffer.from(this.#input.subarray(16, 16 + length));
      this.#input = this.#input.subarray(16 + length);
      this.#answer({ type: type!, requestId: requestId!, txId: txId!, payload });
    }
  }

  #answer(request: FakeRequest): void {
    this.#fake.requests.push(request);
    const instead = this.#fake.options.intercept?.(request, this);
    if (instead === 'drop') return;
    if (instead !== undefined) return this.send(instead);
    const after: (() => void)[] = [];
    try {
      const handler = this.#handlers(after)[request.type];
      if (handler === undefined) throw new Errno('ENOSYS');
      const reply = Buffer.from(handler(request, request.payload.toString().split('\0')));
      this.send(encode(request.type, request.requestId, request.txId, reply));
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      this.send(encode(ERROR, request.requestId, request.txId, Buffer.from(`${error.message}\0`)));
    }
    for (const action of after) action();
  }

  #handlers(after: (() => void)[]): Record<number, Handler | undefined> {
    const fake = this.#fake;
    const { domid = 0, quota, flavour = 'c' } = fake.options;
    const store = (r: FakeRequest) => this.#storeOf(r.txId);
    const changed = (r: FakeRequest) => {
      if (r.txId === 0) after.push(() => fake.fireAll(fake.store.changes.splice(0)));
      return 'OK\0';
    };
    const children = (r: FakeRequest, path: string) =>
      Buffer.from(
        store(r)
          .get(path, domid, 'r')
          .children.map((name) => `${name}\0`)
          .join(''),
      );
    return {
      1: (r, [path = '']) => {
        const list = children(r, path);
        if (flavour === 'c' && list.length > PAYLOAD_MAX) throw new Errno('E2BIG');
        return list;
      },
      2: (r, [path = '']) => store(r).get(path, domid, 'r').value,
      3: (r, [path = '']) => {
        const { permissions } = store(r).get(path, domid, 'r');
        return permissions.map((entry) => `${entry}\0`).join('');
      },
      4: (_, [path = '', token = '']) => {
        if (this.watches.some((w) => w.path === path && w.token === token))
          throw new Errno('EEXIST');
        if (domid !== 0 && this.watches.length >= (fake.options.maxWatches ?? Infinity))
          throw new Errno(quota?.errno ?? 'ENOSPC');
        this.watches.push({ path, token });
        after.push(() => this.#sendEvent(path, token));
        return 'OK\0';
      },
      5: (_, [path = '', token = '']) => {
        const at = this.watches.findIndex((w) => w.path === path && w.token === token);
        if (at < 0) throw new Errno('ENOENT');
        this.watches.splice(at, 1);
        return 'OK\0';
      },
      6: () => {
        if (domid !== 0 && this.transactions.size >= (fake.options.maxTransactions ?? Infinity))
          throw new Errno(quota?.errno ?? 'ENOSPC');
        this.transactions.set(this.#nextTx, fake.store.begin());
        return `${this.#nextTx++}\0`;
      },
      7: (r, [answer]) => {
        const tx = this.#storeOf(r.txId);
        this.transactions.delete(r.txId);
        if (answer !== 'T') return 'OK\0';
        const changes = fake.store.commit(tx);
        after.push(() => fake.fireAll(changes));
        return 'OK\0';
      },
      8: (_, [target, gfn, port]) => {
        if (!/^\d+$/.test(gfn ?? '') || !/^\d+$/.test(port ?? '')) throw new Errno('EINVAL');
        fake.introduced.add(Number(target));
        after.push(() => fake.fireSpecial('@introduceDomain'));
        return 'OK\0';
      },
      9: (_, [target]) => {
        if (!fake.introduced.delete(Number(target))) throw new Errno('ENOENT');
        after.push(() => fake.fireSpecial('@releaseDomain'));
        return 'OK\0';
      },
      10: (_, [target]) => `/local/domain/${target}\0`,
      11: (r, [path = '']) => {
        const value = r.payload.subarray(Buffer.byteLength(path) + 1);
        store(r).write(path, value, domid, quota);
        return changed(r);
      },
      12: (r, [path = '']) => {
        store(r).mkdir(path, domid, quota);
        return changed(r);
      },
      13: (r, [path = '']) => {
        store(r).rm(path, domid);
        return changed(r);
      },
      14: (r, [path = '', ...entries]) => {
        store(r).setPermissions(path, entries.slice(0, -1), domid);
        return changed(r);
      },
      17: (_, [target]) => (fake.introduced.has(Number(target)) ? 'T\0' : 'F\0'),
      18: (_, [target]) => {
        if (!fake.introduced.has(Number(target))) throw new Errno('ENOENT');
        return 'OK\0';
      },
      22: (r, [path = '', offset]) => {
        if (flavour === 'ocaml') throw new Errno('ENOSYS');
        return directoryPart(children(r, path), store(r).get(path, domid, 'r').generation, offset);
      },
    };
  }

  #storeOf(txId: number): FakeStore {
    if (txId === 0) return this.#fake.store;
    const tx = this.transactions.get(txId);
    if (tx === undefined) throw new Errno('ENOENT');
    return tx;
  }

  #sendEvent(path: string, token: string): void {
    this.send(encode(WATCH_EVENT, 0, 0, Buffer.from(`${path}\0${token}\0`)));
  }
}

/** Encodes a packet for the wire. */
export function encode(type: number, requestId: number, txId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(16);
  [type, requestId, txId, payload.length].forEach((word, i) => header.writeUInt32LE(word, i * 4));
  return Buffer.concat([header, payload]);
}

function isAtOrBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(base === '/' ? '/' : `${base}/`);
}

function directoryPart(list: Buffer, generation: number, offset: string | undefined): Buffer {
  const head = Buffer.from(`${generation}\0`);
  const from = Number(offset);
  if (from >= list.length) return Buffer.concat([head, Buffer.alloc(1)]);
  let to = from;
  for (;;) {
    const next = list.indexOf(0, to) + 1;
    if (next === 0 || next - from > PAYLOAD_MAX - head.length - 1) break;
    to = next;
  }
  const end = to === list.length ? Buffer.alloc(1) : Buffer.alloc(0);
  return Buffer.concat([head, list.subarray(from, to), end]);
}
