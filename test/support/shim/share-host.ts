// SPDX-License-Identifier: Apache-2.0
// A host for tests of the real file servers: a shim, its exports, and the guest's end of each ring, which is a socket (rings.c).

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ApiType, encodeShare, type Export } from '../../../toolstack/api/wire.js';
import { encodeFields } from '../../../toolstack/base/frame.js';
import { message, NO_FID, scratch, T } from '../ninep/client.js';
import { Fields, put, type Field } from '../ninep/fields.js';
import { programs } from '../programs.js';
import { within } from '../within.js';
import { Sandbox } from './sandbox.js';

const { SHARE, SHARED, SAVE_FIDS, FIDS_SAVED } = ApiType;
const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];

/** The guest's end of a ring. */
export class Ring {
  /** Bytes of all replies so far. */
  received = 0;
  readonly closed: Promise<unknown>;
  #bytes = Buffer.alloc(0);
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.received += chunk.length;
    });
  }

  get isSilent(): boolean {
    return this.#bytes.length === 0;
  }

  send(type: number, ...fields: Field[]): void {
    this.#socket.write(message(type, 1, ...fields));
  }

  /** The next reply's type and fields. */
  async reply(): Promise<[number, Fields]> {
    const size = (): number => (this.#bytes.length < 4 ? 4 : this.#bytes.readUInt32LE(0));
    await within(10_000, 'a 9P reply', async () => {
      while (this.#bytes.length < size()) await once(this.#socket, 'data');
    });
    const whole = this.#bytes.subarray(0, size());
    this.#bytes = this.#bytes.subarray(whole.length);
    return [whole[4] ?? 0, new Fields(whole.subarray(7))];
  }

  async call(type: number, ...fields: Field[]): Promise<Fields> {
    this.send(type, ...fields);
    const [answered, answer] = await this.reply();
    if (answered !== type + 1) throw new Error(`${type} is answered with ${answered}`);
    return answer;
  }

  async walk(fid: number, ...names: string[]): Promise<Fields> {
    const to = [put.u32(1), put.u32(fid), put.u16(names.length)];
    return this.call(T.walk, ...to, ...names.map((name) => put.string(name)));
  }

  async read(fid: number): Promise<string> {
    const answer = await this.call(T.read, put.u32(fid), put.u64(0), put.u32(100));
    return String(answer.bytes(answer.u32()));
  }
}

export class ShareHost {
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly #listener: Server;

  constructor(dir: string, sandbox: Sandbox, listener: Server) {
    this.dir = dir;
    this.sandbox = sandbox;
    this.#listener = listener;
  }

  /** @param delayMs How long each request takes. */
  static async start(t: ExecutionContext, delayMs = 0): Promise<ShareHost> {
    const dir = scratch(t);
    const path = join(dir, 'ring');
    mkdirSync(join(dir, 'export/folder'), { recursive: true });
    writeFileSync(join(dir, 'export/file'), 'content');
    writeFileSync(join(dir, 'alone'), 'alone');
    const listener = createServer().listen(path);
    t.teardown(() => listener.close());
    await once(listener, 'listening');
    const sandbox = await Sandbox.start(t, {
      program: programs().shimOfRings,
      prefix: ['env', `THAW_TEST_RINGS=${path}`, `THAW_TEST_DELAY_MS=${delayMs}`],
    });
    return new ShareHost(dir, sandbox, listener);
  }

  get exports(): Export[] {
    return [
      { path: join(this.dir, 'export'), readOnly: false },
      { path: join(this.dir, 'alone'), readOnly: true },
    ];
  }

  /** Returns the ring, or the reason why there is none. */
  async share(device: number, snapshot?: string): Promise<Ring | string> {
    const connected = once(this.#listener, 'connection') as Promise<[Socket]>;
    this.sandbox.control.send(SHARE, device, 0, encodeShare(RINGS, this.exports, snapshot));
    const ring = new Ring((await within(10_000, 'a server', () => connected))[0]);
    const { arg, payload } = await this.sandbox.control.nextOf(SHARED);
    return arg === 0 ? ring : payload.toString();
  }

  /** Shares, and attaches fid 1 to the tree. */
  async begin(device: number): Promise<Ring> {
    const ring = await this.share(device);
    if (typeof ring === 'string') throw new Error(ring);
    await ring.call(T.version, put.u32(65536), put.string('9P2000.L'));
    await ring.call(
      T.attach,
      put.u32(1),
      put.u32(NO_FID),
      put.string(''),
      put.string(''),
      put.u32(0),
    );
    return ring;
  }

  /** Returns the reason of a failure, "" on success. The argument "" resumes the server. */
  async saveFids(device: number, path: string): Promise<string> {
    this.sandbox.control.send(SAVE_FIDS, device, 0, encodeFields([path]));
    return (await this.sandbox.control.nextOf(FIDS_SAVED)).payload.toString();
  }
}
