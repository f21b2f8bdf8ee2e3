// SPDX-License-Identifier: Apache-2.0
// Packs host files into an archive with their content and attributes.

import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { packLocal } from '../../../toolstack/archive/pack-local.js';
import { unpackLocal } from '../../../toolstack/archive/unpack-local.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-pack-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'sub'), { recursive: true });
  writeFileSync(join(tree, 'sub/file'), 'text');
  linkSync(join(tree, 'sub/file'), join(tree, 'second'));
  symlinkSync('nowhere', join(tree, 'link'));
  writeFileSync(join(tree, 'n'.repeat(200)), '');
  utimesSync(join(tree, 'sub'), 1e9, 1e9);
  return { folder, tree };
}

const never = new AbortController().signal;

async function packed(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  await packLocal(path, sink, never);
  return Buffer.concat(chunks);
}

test('a tree is listed by GNU tar as it is', async (t) => {
  const { tree } = await setUp(t);
  execFileSync('mkfifo', [join(tree, 'pipe')]);
  execFileSync('mknod', [join(tree, 'null'), 'c', '1', '3']);
  const list = execFileSync('tar', ['-tvf', '-'], { input: await packed(tree) }).toString();
  t.regex(list, /^drwx.* packed$/m);
  t.regex(list, /^-rw.* 4 .* packed\/second$/m);
  t.regex(list, /^hrw.* packed\/sub\/file link to packed\/second$/m);
  t.regex(list, /^lrwx.* packed\/link -> nowhere$/m);
  t.regex(list, /^crw.* 1,3 .* packed\/null$/m);
  t.regex(list, /^prw.* packed\/pipe$/m);
  t.regex(list, new RegExp(`packed/${'n'.repeat(200)}$`, 'm'));
});

test('what is packed can be unpacked, also a large file and one through a link', async (t) => {
  const { folder, tree } = await setUp(t);
  writeFileSync(join(tree, 'large'), 'start');
  truncateSync(join(tree, 'large'), 5_000_001);
  symlinkSync(tree, join(folder, 'to-tree'));
  const stream = new PassThrough();
  const options = { target: join(folder, 'copy'), name: 'copy', overwrites: false };
  await Promise.all([
    packLocal(join(folder, 'to-tree'), stream, never),
    unpackLocal(stream, options),
  ]);
  t.is(execFileSync('diff', ['-r', '--no-dereference', tree, join(folder, 'copy')]).toString(), '');
});

test('what cannot be read is named, and a sink that fails ends it', async (t) => {
  const { folder, tree } = await setUp(t);
  const none = join(folder, 'none');
  await t.throwsAsync(packed(none), { code: 'ERR_COPY', message: `Cannot read ${none}` });
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
  await t.throwsAsync(packLocal(tree, failing, never), { message: 'full' });
  const stop = new AbortController();
  const stuck = new Writable({ write: () => setImmediate(() => stop.abort(new Error('enough'))) });
  truncateSync(join(tree, 'sub/file'), 10_000_000);
  await t.throwsAsync(packLocal(tree, stuck, stop.signal));
});

test('a link that was named is its file; one that a folder or file becomes meanwhile leads nowhere', async (t) => {
  const { folder, tree } = await setUp(t);
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync('tree/sub/file', join(folder, 'to-file'));
  t.true((await packed(join(folder, 'to-file'))).includes('text'));
  // The reader gets the file's first name before the second is written.
  const bait = join(tree, 'a-first');
  writeFileSync(bait, Buffer.alloc(1 << 20));
  mkdirSync(join(tree, 'b-folder'));
  writeFileSync(join(tree, 'b-folder/secret'), 'mine');
  const chunks: Buffer[] = [];
  let isSwapped = false;
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      if (!isSwapped && chunk.includes('a-first')) {
        isSwapped = true;
        rmSync(join(tree, 'b-folder'), { recursive: true });
        symlinkSync(folder, join(tree, 'b-folder'));
      }
      done();
    },
  });
  await packLocal(tree, sink, never);
  t.true(isSwapped);
  t.false(Buffer.concat(chunks).includes('secret'));
});
