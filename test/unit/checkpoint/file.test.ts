// SPDX-License-Identifier: Apache-2.0
// A checkpoint's file is read back as it was written. A changed or damaged file yields nothing.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { memfdCreate } from '../../../bindings/index.js';
import { ThawError } from '../../../toolstack/base/errors.js';
import {
  checkTarget,
  CheckpointFile,
  writeCheckpoint,
} from '../../../toolstack/checkpoint/index.js';
import { PREFIX_BYTES } from '../../../toolstack/checkpoint/format.js';
import { checkpointAbout } from '../../support/runtime/checkpoint-header.js';

const never = new AbortController().signal;
const quiet = { signal: never, onProgress: () => undefined };

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'thaw-checkpoint-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

function memfd(t: ExecutionContext, data = Buffer.alloc(0)): number {
  const fd = memfdCreate('thaw-test');
  t.teardown(() => closeSync(fd));
  for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
  return fd;
}

const contents = (fd: number): Buffer => readFileSync(`/proc/self/fd/${fd}`);

/** A checkpoint of `bytes` of memory and, if `at` is not empty, of a disk with a few bytes at those offsets. */
async function written(t: ExecutionContext, bytes = 10_000, at?: readonly number[]) {
  const where = await folder(t);
  const memory = Buffer.concat([randomBytes(bytes / 2), Buffer.alloc(bytes / 2, 'memory')]);
  const disk = { path: join(where, 'upper.ext4'), bytes: 64 * 2 ** 20 };
  if (at) {
    const file = await open(disk.path, 'wx');
    await file.truncate(disk.bytes);
    for (const place of at) await file.write(`data at ${place}`, place);
    await file.close();
  }
  const about = checkpointAbout();
  const path = join(where, 'web.ckpt');
  const source = {
    about,
    memory: { fd: memfd(t, memory), bytes: memory.length, dataPages: 700 },
    ...(at ? { disk } : {}),
  };
  return { where, path, source, memory, disk };
}

/** Returns the contents of a file. Rejects as reading it does. */
async function unpacked(t: ExecutionContext, path: string) {
  const file = await CheckpointFile.open(path, 'web.ckpt');
  try {
    const fd = memfd(t);
    const diskPath = join(await folder(t), 'disk');
    const disk = file.header.disk && (await open(diskPath, 'wx'));
    try {
      await file.unpack({ memoryFd: fd, disk }, quiet);
    } finally {
      await disk?.close();
    }
    return { header: file.header, memory: contents(fd), diskPath };
  } finally {
    await file.close();
  }
}

test('memory and disk come out as they were, the disk with its holes', async (t) => {
  const at = [0, 5 * 2 ** 20 + 17, 64 * 2 ** 20 - 100];
  const { path, source, memory, disk } = await written(t, 3_500_000, at);
  const told: number[] = [];
  await writeCheckpoint(path, source, {
    signal: never,
    onProgress: (done, total) => void told.push(done / total),
  });
  t.true(told.length >= 4 && told.every((part, i) => part > (told[i - 1] ?? 0) && part <= 1));
  const { mode, size } = await stat(path);
  t.is(mode & 0o777, 0o600);
  // Half of the memory repeats one word, and the disk is nearly empty.
  t.true(size < 2_000_000, `${size} bytes`);
  const out = await unpacked(t, path);
  t.like(out.header, source.about);
  t.deepEqual(out.header.memory, { bytes: 3_500_000, dataPages: 700 });
  t.true(out.memory.equals(memory));
  t.true(readFileSync(out.diskPath).equals(readFileSync(disk.path)));
  t.true((await stat(out.diskPath)).blocks * 512 <= 4 * 2 ** 20);
});

test('without a disk there is none', async (t) => {
  const { path, source, memory } = await written(t);
  await writeCheckpoint(path, source, quiet);
  const out = await unpacked(t, path);
  t.is(out.header.disk, undefined);
  t.true(out.memory.equals(memory));
});

test('a file that is there is replaced by a whole one, or stays as it was', async (t) => {
  const { where, path, source } = await written(t);
  await writeFile(path, 'before');
  const gone = AbortSignal.abort(new Error('gone'));
  await t.throwsAsync(writeCheckpoint(path, source, { ...quiet, signal: gone }), {
    message: 'gone',
  });
  t.is(readFileSync(path, 'utf8'), 'before');
  const stop = new AbortController();
  const onProgress = (): void => stop.abort(new Error('stopped'));
  await t.throwsAsync(writeCheckpoint(path, source, { signal: stop.signal, onProgress }), {
    message: 'stopped',
  });
  t.is(readFileSync(path, 'utf8'), 'before');
  const short = { ...source, memory: { ...source.memory, bytes: 20_000 } };
  await t.throwsAsync(writeCheckpoint(path, short, quiet), { message: /shorter/ });
  t.deepEqual(await readdir(where), ['web.ckpt']);
  await writeCheckpoint(path, source, quiet);
  t.deepEqual(await readdir(where), ['web.ckpt']);
  t.is((await unpacked(t, path)).memory.length, 10_000);
});

test('where no file can be, that is said before; and where there is no room', async (t) => {
  const { where, path, source } = await written(t);
  const code = 'ERR_CHECKPOINT_FILE';
  await t.throwsAsync(checkTarget(where), { code, message: /no ordinary file/ });
  await t.throwsAsync(checkTarget(join(where, 'none', 'x')), {
    code,
    message: /folder is not there/,
  });
  await writeFile(path, '');
  await t.throwsAsync(checkTarget(join(path, 'x')), { code });
  await t.notThrowsAsync(checkTarget(path));
  await t.throwsAsync(writeCheckpoint(join(where, 'none', 'x'), source, quiet), { code });
  const large = { ...source, memory: { ...source.memory, bytes: 2 ** 60 } };
  await t.throwsAsync(writeCheckpoint(path, large, quiet), {
    code: 'ERR_DISK',
    message: /up to .* free; make room/,
  });
  t.deepEqual(await readdir(where), ['web.ckpt']);
});

test('what is no checkpoint is said to be none', async (t) => {
  const where = await folder(t);
  const code = 'ERR_CHECKPOINT_FILE';
  const opened = async (path: string, message: RegExp): Promise<void> => {
    await t.throwsAsync(CheckpointFile.open(path, 'web.ckpt'), { code, message });
  };
  await opened(join(where, 'none'), /Cannot read web.ckpt/);
  await mkdir(join(where, 'folder'));
  await opened(join(where, 'folder'), /no ordinary file/);
  for (const bytes of [Buffer.alloc(0), Buffer.from('thaw checkpoint\n'), randomBytes(5000)]) {
    await writeFile(join(where, 'x'), bytes);
    await opened(join(where, 'x'), /it is no checkpoint/);
  }
});

test('a newer format, and a header that is too long, are refused before they are read', async (t) => {
  const { path, source } = await written(t);
  await writeCheckpoint(path, source, quiet);
  const whole = readFileSync(path);
  const patched = async (value: number, at: number): Promise<void> => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(value, at);
    await writeFile(path, bytes);
  };
  await patched(2, 16);
  await t.throwsAsync(CheckpointFile.open(path, 'x'), { message: /format is 2, .* reads 1/ });
  await patched(2 ** 31, 20);
  await t.throwsAsync(CheckpointFile.open(path, 'x'), { message: /header is too long/ });
});

test('every bit that is another, every end that is too early, is seen', async (t) => {
  const { path, source } = await written(t, 2000, [4096]);
  await writeCheckpoint(path, source, quiet);
  const whole = readFileSync(path);
  const isRefused = async (bytes: Buffer, what: string): Promise<void> => {
    await writeFile(path, bytes);
    const error = await t.throwsAsync(unpacked(t, path), { instanceOf: ThawError }, what);
    t.regex(error.code, /^ERR_CHECKPOINT_(FILE|DAMAGED)$/, what);
    t.notRegex(error?.message ?? '', /\n/);
  };
  // All heads of frames and the ends, and samples of longer parts.
  for (let at = 0; at < whole.length; at += at < PREFIX_BYTES || at > whole.length - 120 ? 1 : 19) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
    await isRefused(bytes, `bit ${at % 8} of byte ${at} of ${whole.length}`);
  }
  for (let length = 0; length < whole.length; length += 29)
    await isRefused(whole.subarray(0, length), `${length} of ${whole.length} bytes`);
  await isRefused(Buffer.concat([whole, Buffer.from('x')]), 'one byte more');
});

test('frames that say what cannot be are refused, also where all checksums fit', async (t) => {
  const { path, source } = await written(t, 2000, [0]);
  await writeCheckpoint(path, source, quiet);
  const whole = readFileSync(path);
  const first = PREFIX_BYTES + whole.readUInt32LE(20);
  const patched = async (patch: (bytes: Buffer) => void): Promise<void> => {
    const bytes = Buffer.from(whole);
    patch(bytes);
    createHash('sha256')
      .update(bytes.subarray(0, -32))
      .digest()
      .copy(bytes, bytes.length - 32);
    await writeFile(path, bytes);
  };
  await patched(() => undefined);
  await t.notThrowsAsync(unpacked(t, path));
  const wrong: ((bytes: Buffer) => void)[] = [
    (bytes) => bytes.writeUInt32LE(2, first),
    (bytes) => bytes.writeUInt32LE(9, first),
    (bytes) => bytes.writeUInt32LE(2, first + 4),
    (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(first + 8) - 1, first + 8),
    (bytes) => bytes.writeUInt32LE(0xffffffff, first + 8),
    (bytes) => bytes.writeUInt32LE(1999, first + 12),
    (bytes) => bytes.writeUInt32LE(2001, first + 12),
    (bytes) => bytes.writeUInt32LE(2 ** 21, first + 12),
    (bytes) => bytes.writeBigUInt64LE(1n, first + 16),
    (bytes) => bytes.writeBigUInt64LE(2n ** 63n, first + 16),
  ];
  for (const [index, patch] of wrong.entries()) {
    await patched(patch);
    await t.throwsAsync(unpacked(t, path), { code: 'ERR_CHECKPOINT_DAMAGED' }, String(index));
  }
});
