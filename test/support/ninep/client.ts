// SPDX-License-Identifier: Apache-2.0
// A 9P2000.L client for tests: the real file server on a folder, and one method for each message, without a kernel's additions.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { CHECKED_ENV, makeProgram } from '../programs.js';
import { Fields, put, type Field } from './fields.js';
import { within } from '../within.js';

export const NO_FID = 0xffffffff;

/** Numbers of the T-messages. A reply's number is one more. */
export const T = {
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  xattrwalk: 30,
  xattrcreate: 32,
  readdir: 40,
  fsync: 50,
  lock: 52,
  getlock: 54,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
  remove: 122,
} as const;

/** An Rlerror of the server; `code` is the errno's name. */
export class NinepError extends Error {
  readonly code: string;

  constructor(errno: number) {
    const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0];
    super(`Rlerror ${errno} ${code ?? ''}`);
    // Node.js has both names of one number.
    this.code = code === 'ENOTSUP' ? 'EOPNOTSUPP' : (code ?? String(errno));
  }
}

export interface Qid {
  type: number;
  version: number;
  path: bigint;
}

export interface Attr {
  qid: Qid;
  mode: number;
  uid: number;
  gid: number;
  nlink: bigint;
  rdev: bigint;
  size: bigint;
  blksize: bigint;
  blocks: bigint;
  atime: [bigint, bigint];
  mtime: [bigint, bigint];
}

export interface Entry {
  qid: Qid;
  offset: bigint;
  type: number;
  name: string;
}

/** Bits of Tsetattr's `valid`. */
export const SET = {
  mode: 1,
  uid: 2,
  gid: 4,
  size: 8,
  atime: 16,
  mtime: 32,
  atimeSet: 128,
  mtimeSet: 256,
} as const;

export interface ServeOptions {
  /** The msize that the guest announces, and the most that the server accepts. */
  msize?: number;
  msizeMax?: number;
  /** A command in front of the server, to run it in another namespace. */
  prefix?: string[];
  /** Use the program that takes 64 fids. */
  fewFids?: boolean;
  /** With fewFids: the host fails so many unlocks (test/support/ninep/failing_unlock.c). */
  failingUnlocks?: number;
  /** Use the program that makes no system calls but those of thaw-shim's file server. It tries the call `try` first. */
  confined?: { try?: number };
  /** The path of another server's fid snapshot, which this server restores first. Its fids then exist, and new fids have other numbers. */
  restore?: string;
  /** The path for the fid snapshot at the end. */
  save?: string;
}

function programOf({ fewFids, confined }: ServeOptions): string {
  if (confined) return 'thaw-ninep-confined-test';
  return fewFids ? 'thaw-ninep-few-test' : 'thaw-ninep-test';
}

/** Makes a folder for the test, which any user may enter. */
export function scratch(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'thaw-ninep-'));
  chmodSync(dir, 0o755);
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export class NinepClient {
  readonly msize: number;
  readonly #server: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals>;
  #received = Buffer.alloc(0);
  #waiting: ((message: Buffer | undefined) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #nextFid = 1;
  #stderr = '';
  #mayFail = false;

  private constructor(server: ChildProcess, msize: number) {
    this.#server = server;
    this.msize = msize;
    this.#ended = once(server, 'close').then(([code, signal]) => {
      this.#waiting?.(undefined);
      return (code as number | null) ?? (signal as NodeJS.Signals);
    });
    server.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    server.stderr?.on('data', (chunk: Buffer) => (this.#stderr += String(chunk)));
    server.stdin?.on('error', () => undefined);
  }

  /** Starts a server on a folder. The test fails when the server has failed by its end. */
  static open(t: ExecutionContext, folder: string, options: ServeOptions = {}): NinepClient {
    const out = makeProgram('toolstack/shim/shares/ninep', 'test');
    const [command, ...args] = [
      ...(options.prefix ?? []),
      join(out, programOf(options)),
      folder,
      String(options.msizeMax ?? 65536),
      ...(options.confined?.try === undefined ? [] : [String(options.confined.try)]),
    ];
    const server = spawn(command ?? '', args, {
      stdio: 'pipe',
      env: {
        ...process.env,
        ...CHECKED_ENV,
        THAW_NINEP_FAILING_UNLOCKS: String(options.failingUnlocks ?? 0),
        ...(options.restore === undefined ? {} : { THAW_NINEP_RESTORE: options.restore }),
        ...(options.save === undefined ? {} : { THAW_NINEP_SAVE: options.save }),
      },
    });
    const client = new NinepClient(server, options.msize ?? 65536);
    if (options.restore !== undefined) client.#nextFid = 1000;
    t.teardown(async () => {
      const status = await client.close();
      if (options.confined?.try !== undefined) return;
      if (!client.#mayFail && status !== 0 && status !== 3)
        t.fail(`server ended with ${status}: ${client.#stderr}`);
    });
    return client;
  }

  /** Starts a server as open() does, and negotiates the version. */
  static async start(
    t: ExecutionContext,
    folder: string,
    options: ServeOptions = {},
  ): Promise<NinepClient> {
    const client = NinepClient.open(t, folder, options);
    await client.version();
    return client;
  }

  /** Ends the connection. Returns the server's exit status, 3 when the server ended the connection first. */
  async close(): Promise<number | NodeJS.Signals> {
    this.#server.stdin?.end();
    return within(20_000, 'the 9P server to end', () => this.#ended);
  }

  /** Ends the connection of a server that cannot save or restore a fid snapshot; returns the reason. */
  async refusal(): Promise<string> {
    this.#mayFail = true;
    const status = await this.close();
    if (status !== 4) throw new Error(`The 9P server ended with ${status}: ${this.#stderr}`);
    return this.#stderr.trim();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length < 4) return;
    const size = this.#received.readUInt32LE(0);
    if (this.#received.length < size) return;
    const message = this.#received.subarray(0, size);
    this.#received = this.#received.subarray(size);
    this.#waiting?.(message);
  }

  /** Sends raw bytes, once earlier messages are answered. Returns the whole reply; undefined when the server ends instead. */
  async raw(bytes: Buffer): Promise<Buffer | undefined> {
    const turn = this.#last.then(() => this.#exchange(bytes));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #exchange(bytes: Buffer): Promise<Buffer | undefined> {
    return within(30_000, 'a 9P reply', () => {
      const reply = new Promise<Buffer | undefined>((resolve) => (this.#waiting = resolve));
      this.#server.stdin?.write(bytes);
      return reply;
    });
  }

  /** Sends one message of any type and fields; throws NinepError for an Rlerror. */
  async call(type: number, ...fields: Field[]): Promise<Fields> {
    const reply = await this.raw(message(type, 7, ...fields));
    if (!reply) throw new Error('The server ended the connection');
    const answer = new Fields(reply.subarray(7));
    if (reply.readUInt16LE(5) !== 7) throw new Error('The reply has another tag');
    if (reply[4] === 7) throw new NinepError(answer.u32());
    if (reply[4] !== type + 1) throw new Error(`The reply to ${type} has type ${reply[4]}`);
    return answer;
  }

  fid(): number {
    return this.#nextFid++;
  }

  async version(msize = this.msize, version = '9P2000.L'): Promise<[number, string]> {
    const answer = await this.call(T.version, put.u32(msize), put.string(version));
    return [answer.u32(), answer.string()];
  }

  async attach(uid = 0, fid = this.fid(), tree = ''): Promise<number> {
    const fields = [put.u32(fid), put.u32(NO_FID), put.string(''), put.string(tree), put.u32(uid)];
    await this.call(T.attach, ...fields);
    return fid;
  }

  /** Returns the qids of the names that exist. The new fid exists when all names do. */
  async walkTo(from: number, to: number, ...names: (string | Buffer)[]): Promise<Qid[]> {
    const fields = [
      put.u32(from),
      put.u32(to),
      put.u16(names.length),
      ...names.map((name) => put.string(name)),
    ];
    const answer = await this.call(T.walk, ...fields);
    return Array.from({ length: answer.u16() }, () => answer.qid());
  }

  /** Returns a new fid for the file. Throws ENOENT when only a part of the names exists, like Linux. */
  async walk(from: number, ...names: (string | Buffer)[]): Promise<number> {
    const fid = this.fid();
    const qids = await this.walkTo(from, fid, ...names);
    if (qids.length < names.length) throw new NinepError(constants.errno.ENOENT);
    return fid;
  }

  async lopen(fid: number, flags = 0): Promise<number> {
    await this.call(T.lopen, put.u32(fid), put.u32(flags));
    return fid;
  }

  async lcreate(fid: number, name: string, flags = 2, mode = 0o644, gid = 0): Promise<Qid> {
    const fields = [put.string(name), put.u32(flags), put.u32(mode), put.u32(gid)];
    return (await this.call(T.lcreate, put.u32(fid), ...fields)).qid();
  }

  /** Creates a file in a folder. Returns its new fid, which is open for writing by default. */
  async create(folder: number, name: string, flags = 2, mode = 0o644, gid = 0): Promise<number> {
    const fid = await this.walk(folder);
    await this.lcreate(fid, name, flags, mode, gid);
    return fid;
  }

  async mkdir(folder: number, name: string, mode = 0o755, gid = 0): Promise<Qid> {
    const fields = [put.string(name), put.u32(mode), put.u32(gid)];
    return (await this.call(T.mkdir, put.u32(folder), ...fields)).qid();
  }

  async mknod(
    folder: number,
    name: string,
    mode: number,
    [major, minor] = [0, 0] as [number, number],
    gid = 0,
  ): Promise<Qid> {
    const numbers = [mode, major, minor, gid].map(put.u32);
    return (await this.call(T.mknod, put.u32(folder), put.string(name), ...numbers)).qid();
  }

  async symlink(folder: number, name: string, target: string, gid = 0): Promise<Qid> {
    const fields = [put.string(name), put.string(target), put.u32(gid)];
    return (await this.call(T.symlink, put.u32(folder), ...fields)).qid();
  }

  async readlink(fid: number): Promise<string> {
    return (await this.call(T.readlink, put.u32(fid))).string();
  }

  async link(folder: number, fid: number, name: string): Promise<void> {
    await this.call(T.link, put.u32(folder), put.u32(fid), put.string(name));
  }

  async renameat(from: number, name: string, to: number, newName: string): Promise<void> {
    const fields = [put.u32(from), put.string(name), put.u32(to), put.string(newName)];
    await this.call(T.renameat, ...fields);
  }

  async unlinkat(folder: number, name: string, flags = 0): Promise<void> {
    await this.call(T.unlinkat, put.u32(folder), put.string(name), put.u32(flags));
  }

  async read(fid: number, offset = 0, count = 8192): Promise<Buffer> {
    const fields = [put.u32(fid), put.u64(offset), put.u32(count)];
    const answer = await this.call(T.read, ...fields);
    return answer.bytes(answer.u32());
  }

  async write(fid: number, offset: number, bytes: string | Buffer): Promise<number> {
    const data = Buffer.from(bytes);
    const fields = [put.u32(fid), put.u64(offset), put.u32(data.length), data];
    return (await this.call(T.write, ...fields)).u32();
  }

  async fsync(fid: number, dataOnly = 0): Promise<void> {
    await this.call(T.fsync, put.u32(fid), put.u32(dataOnly));
  }

  async clunk(fid: number): Promise<void> {
    await this.call(T.clunk, put.u32(fid));
  }

  /** Reads one part of a folder from a position on. The position is the last entry's offset of the previous part. */
  async readdir(fid: number, offset = 0n, count = 65536): Promise<Entry[]> {
    const fields = [put.u32(fid), put.u64(offset), put.u32(count)];
    const answer = await this.call(T.readdir, ...fields);
    const part = new Fields(answer.bytes(answer.u32()));
    const entries: Entry[] = [];
    while (part.left > 0)
      entries.push({
        qid: part.qid(),
        offset: part.u64(),
        type: part.u8(),
        name: part.string(),
      });
    return entries;
  }

  /** Lists everything in a folder but "." and "..", by parts. */
  async list(folder: number, count = 65536): Promise<Entry[]> {
    const fid = await this.lopen(await this.walk(folder));
    const all: Entry[] = [];
    for (;;) {
      const part = await this.readdir(fid, all.at(-1)?.offset ?? 0n, count);
      if (part.length === 0) break;
      all.push(...part);
    }
    await this.clunk(fid);
    return all.filter(({ name }) => name !== '.' && name !== '..');
  }

  async getattr(fid: number): Promise<Attr> {
    const answer = await this.call(T.getattr, put.u32(fid), put.u64(0x3fff));
    answer.u64();
    const qid = answer.qid();
    const [mode, uid, gid] = [answer.u32(), answer.u32(), answer.u32()];
    const [nlink, rdev, size] = [answer.u64(), answer.u64(), answer.u64()];
    const [blksize, blocks] = [answer.u64(), answer.u64()];
    const atime: [bigint, bigint] = [answer.u64(), answer.u64()];
    const mtime: [bigint, bigint] = [answer.u64(), answer.u64()];
    return { qid, mode, uid, gid, nlink, rdev, size, blksize, blocks, atime, mtime };
  }

  async setattr(
    fid: number,
    valid: number,
    to: Partial<Omit<Attr, 'size' | 'qid'>> & { size?: number | bigint } = {},
  ): Promise<void> {
    const numbers = [valid, to.mode ?? 0, to.uid ?? 0, to.gid ?? 0].map(put.u32);
    const times = [to.size ?? 0, ...(to.atime ?? [0, 0]), ...(to.mtime ?? [0, 0])];
    await this.call(T.setattr, put.u32(fid), ...numbers, ...times.map((time) => put.u64(time)));
  }

  /** Returns the value of an attribute, or the list of names. */
  async xattr(fid: number, name = ''): Promise<Buffer> {
    const attribute = this.fid();
    const fields = [put.u32(fid), put.u32(attribute), put.string(name)];
    const size = Number((await this.call(T.xattrwalk, ...fields)).u64());
    const parts: Buffer[] = [];
    for (let at = 0; at < size; at += parts.at(-1)?.length ?? size)
      parts.push(await this.read(attribute, at, size - at));
    await this.clunk(attribute);
    return Buffer.concat(parts);
  }

  /** Sets an attribute like Linux: a copy of the fid becomes the attribute's. Flags 2 with an empty value removes it. */
  async setXattr(fid: number, name: string, value: string | Buffer, flags = 0): Promise<void> {
    const attribute = await this.walk(fid);
    const data = Buffer.from(value);
    const fields = [put.string(name), put.u64(data.length), put.u32(flags)];
    await this.call(T.xattrcreate, put.u32(attribute), ...fields);
    for (let at = 0; at < data.length; at += 32768)
      await this.write(attribute, at, data.subarray(at, at + 32768));
    await this.clunk(attribute);
  }

  /** Types: 0 shared, 1 exclusive, 2 unlock. Returns true when the lock was obtained. Length 0: to the end. */
  async lock(fid: number, type: number, start = 0, length = 0, process = 1): Promise<boolean> {
    const fields = [put.u32(fid), put.u8(type), put.u32(0), put.u64(start), put.u64(length)];
    const answer = await this.call(T.lock, ...fields, put.u32(process), put.string('guest'));
    const status = answer.u8();
    if (status > 1) throw new Error(`Lock status ${status}`);
    return status === 0;
  }

  /** Returns the lock in the way: type, start, length. */
  async getlock(fid: number, type: number, start = 0, length = 0): Promise<number[]> {
    const fields = [put.u32(fid), put.u8(type), put.u64(start), put.u64(length)];
    const answer = await this.call(T.getlock, ...fields, put.u32(1), put.string('guest'));
    return [answer.u8(), Number(answer.u64()), Number(answer.u64())];
  }
}

/** Encodes a whole message with its header. */
export function message(type: number, tag: number, ...fields: Field[]): Buffer {
  const body = Buffer.concat(fields);
  return Buffer.concat([put.u32(7 + body.length), put.u8(type), put.u16(tag), body]);
}
