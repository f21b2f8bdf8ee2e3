// SPDX-License-Identifier: Apache-2.0
// The real file servers, in their sandbox of namespaces and system calls. A server stops and resumes, or a new one takes over its fids.
// The guest's ring is a socket (test/support/shim/rings.c).

import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType, encodeShare, type Export } from '../../toolstack/api/wire.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import { message, NO_FID, scratch, T } from '../support/ninep/client.js';
import { Fields, put, type Field } from '../support/ninep/fields.js';
import { encodeSnapshot, FILE } from '../support/ninep/snapshot.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { within } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

const { SHARE, SHARED, SAVE_FIDS, FIDS_SAVED } = ApiType;
const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];

/** The guest's end of a ring. */
class Ring {
  #bytes = Buffer.alloc(0);
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.#bytes = Buffer.concat([this.#bytes, chunk])));
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

class Host {
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly #listener: Server;

  constructor(dir: string, sandbox: Sandbox, listener: Server) {
    this.dir = dir;
    this.sandbox = sandbox;
    this.#listener = listener;
  }

  static async start(t: ExecutionContext): Promise<Host> {
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
      prefix: ['env', `THAW_TEST_RINGS=${path}`],
    });
    return new Host(dir, sandbox, listener);
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

  /** Returns the reason of a failure, "" on success. The argument "" resumes the server. */
  async saveFids(device: number, path: string): Promise<string> {
    this.sandbox.control.send(SAVE_FIDS, device, 0, encodeFields([path]));
    return (await this.sandbox.control.nextOf(FIDS_SAVED)).payload.toString();
  }
}

async function begun(t: ExecutionContext): Promise<{ host: Host; ring: Ring; file: string }> {
  const host = await Host.start(t);
  const ring = await host.share(0);
  if (typeof ring === 'string') throw new Error(ring);
  await ring.call(T.version, put.u32(65536), put.string('9P2000.L'));
  const user = [put.u32(NO_FID), put.string(''), put.string(''), put.u32(0)];
  await ring.call(T.attach, put.u32(1), ...user);
  await ring.walk(2, '0', 'file');
  await ring.call(T.lopen, put.u32(2), put.u32(2));
  await ring.walk(3, '1');
  await ring.call(T.lopen, put.u32(3), put.u32(0));
  return { host, ring, file: join(host.dir, 'snapshot') };
}

test('one answers what it was asked, saves its fids, stops, and resumes with what came meanwhile', async (t) => {
  const { host, ring, file } = await begun(t);
  const write = (text: string): void =>
    ring.send(T.write, put.u32(2), put.u64(0), put.u32(text.length), Buffer.from(text));
  for (let i = 0; i < 200; i++) write(`number ${i}`);
  t.is(await host.saveFids(0, file), '');
  t.is(statSync(file).mode & 0o777, 0o600);
  for (let i = 0; i < 200; i++) t.is((await ring.reply())[0], T.write + 1);
  t.is(readFileSync(join(host.dir, 'export/file'), 'utf8'), 'number 199');
  write('later');
  await host.sandbox.status();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.true(ring.isSilent);
  t.is(await host.saveFids(0, ''), '');
  t.is((await ring.reply())[0], T.write + 1);
  t.is(await ring.read(2), 'laterr 199');
  t.is((await host.sandbox.status()).state, 'up');
});

test('another goes on in its place, with the same numbers of files', async (t) => {
  const { host, ring, file } = await begun(t);
  const lock = (server: Ring): Promise<Fields> =>
    server.call(T.lock, ...[put.u32(2), put.u8(1), put.u32(0), put.u64(0), put.u64(0)], put.u32(1), put.string('')); // prettier-ignore
  t.is((await lock(ring)).u8(), 0);
  const qids = [await ring.walk(4, '0', 'file'), await ring.walk(5, '1')];
  t.is(await host.saveFids(0, file), '');
  t.is(
    await host.share(1, file),
    'Cannot restore 0/file: another guest or the host has locked it',
    'the first one lives',
  );
  host.sandbox.control.send(ApiType.UNSHARE, 0, 0);
  await host.sandbox.control.nextOf(ApiType.UNSHARED);
  const next = await host.share(0, file);
  if (typeof next === 'string') return t.fail(next);
  t.deepEqual([await next.read(2), await next.read(3)], ['content', 'alone']);
  t.is((await lock(next)).u8(), 0);
  const again = [await next.walk(6, '0', 'file'), await next.walk(7, '1')];
  const all = (fields: Fields): string => fields.bytes(fields.left).toString('hex');
  t.deepEqual(again.map(all), qids.map(all));
});

test('one that has a file without a name says so, and serves on', async (t) => {
  const { host, ring, file } = await begun(t);
  rmSync(join(host.dir, 'export/file'));
  t.is(await host.saveFids(0, file), 'Cannot save 0/file: it is open, and has been deleted');
  t.false(existsSync(file));
  t.is(await ring.read(2), 'content');
  await ring.call(T.clunk, put.u32(2));
  t.is(await host.saveFids(0, file), '');
});

test('a forged one gets no more than a guest', async (t) => {
  const host = await Host.start(t);
  const file = join(host.dir, 'snapshot');
  let device = 0;
  for (const [path, why] of [
    ['0/file', ''],
    ['../etc/passwd', 'Cannot restore ../etc/passwd: Invalid cross-device link'],
    ['1', 'Cannot restore 1: Read-only file system'],
    ['0/none', 'Cannot restore 0/none: No such file or directory'],
  ] as const) {
    const fids = [{}, { number: 2, path, mode: FILE, flags: 2 }];
    writeFileSync(file, encodeSnapshot({ fids }));
    const ring = await host.share(device++, file);
    if (typeof ring === 'string') t.is(ring, why);
    else t.is(await ring.read(2), 'content');
  }
  t.is((await host.sandbox.status()).state, 'up');
});
