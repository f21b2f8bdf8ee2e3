// SPDX-License-Identifier: Apache-2.0
// A guest's 9pfs rings (xen/io/9pfs.h) for a test: pages of a file that the server maps, and events over a socket (fake_xen.c).

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { message } from '../ninep/client.js';
import { Fields, put, type Field } from '../ninep/fields.js';
import { until } from '../within.js';

const PAGE = 4096;
const ORDER = 6;
/** Bytes of one way of a ring. */
export const WAY = 2 ** (ORDER - 1) * PAGE;
/** Offsets in a ring's first page. */
const [IN_CONS, IN_PROD, OUT_CONS, OUT_PROD, RING_ORDER, REFS] = [0, 4, 64, 68, 128, 132];
/** Data pages of ring N, behind the first pages of both rings. */
const dataOf = (number: number): number => 16 + number * 2 ** ORDER;
export const REFS_OF_RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];

export class GuestRing {
  readonly #fd: number;
  readonly #number: number;
  #socket: Socket | undefined;

  private constructor(fd: number, number: number) {
    this.#fd = fd;
    this.#number = number;
    this.#set(RING_ORDER, ORDER);
    for (let i = 0; i < 2 ** ORDER; i++) this.#set(REFS + 4 * i, dataOf(number) + i);
  }

  /** Makes the memory of two rings, as a guest does before its server starts. */
  static make(t: ExecutionContext, path: string): [GuestRing, GuestRing] {
    const fd = openSync(path, 'w+');
    t.teardown(() => closeSync(fd));
    writeSync(fd, Buffer.alloc(1), 0, 1, dataOf(2) * PAGE);
    return [new GuestRing(fd, 0), new GuestRing(fd, 1)];
  }

  /** The events of both rings go over one socket. */
  connect(socket: Socket): void {
    this.#socket = socket;
  }

  #get(field: number): number {
    const bytes = Buffer.alloc(4);
    readSync(this.#fd, bytes, 0, 4, this.#page + field);
    return bytes.readUInt32LE();
  }

  #set(field: number, value: number): void {
    writeSync(this.#fd, put.u32(value), 0, 4, this.#page + field);
  }

  get #page(): number {
    return (8 + this.#number) * PAGE;
  }

  /** Bytes of requests that the server has not taken. */
  get untaken(): number {
    return this.#get(OUT_PROD) - this.#get(OUT_CONS);
  }

  /** Bytes of replies that the guest has not taken. */
  get unread(): number {
    return this.#get(IN_PROD) - this.#get(IN_CONS);
  }

  /** Puts a request into the ring, without an event. There must be room. */
  put(type: number, ...fields: Field[]): void {
    const bytes = message(type, 1, ...fields);
    const prod = this.#get(OUT_PROD);
    for (let at = 0; at < bytes.length;) {
      const place = (prod + at) % WAY;
      const n = Math.min(bytes.length - at, WAY - place);
      writeSync(this.#fd, bytes, at, n, dataOf(this.#number) * PAGE + WAY + place);
      at += n;
    }
    this.#set(OUT_PROD, prod + bytes.length);
  }

  wake(): void {
    this.#socket?.write(put.u32(REFS_OF_RINGS[this.#number]?.port ?? 0));
  }

  /** Takes the oldest reply, without an event: its type and fields. */
  async take(): Promise<[number, Fields]> {
    await until('the server replies', () => this.unread >= 7);
    const cons = this.#get(IN_CONS);
    const whole = this.#read(cons, this.#read(cons, 4).readUInt32LE());
    this.#set(IN_CONS, cons + whole.length);
    return [whole[4] ?? 0, new Fields(whole.subarray(7))];
  }

  async call(type: number, ...fields: Field[]): Promise<Fields> {
    this.put(type, ...fields);
    this.wake();
    const [answered, answer] = await this.take();
    if (answered !== type + 1) throw new Error(`${type} is answered with ${answered}`);
    return answer;
  }

  /** Says that the guest has taken bytes that the server has not given. */
  forge(): void {
    this.#set(IN_CONS, this.#get(IN_PROD) + 1);
  }

  #read(from: number, n: number): Buffer {
    const bytes = Buffer.alloc(n);
    for (let at = 0; at < n;) {
      const place = (from + at) % WAY;
      const part = Math.min(n - at, WAY - place);
      readSync(this.#fd, bytes, at, part, dataOf(this.#number) * PAGE + place);
      at += part;
    }
    return bytes;
  }
}
