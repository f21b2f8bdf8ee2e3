// SPDX-License-Identifier: Apache-2.0
// A guest's archive is unpacked below the target and nowhere else, whatever it contains.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { pack, type Header } from 'tar-stream';
import { unpackLocal, type UnpackOptions } from '../../../toolstack/archive/unpack-local.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-unpack-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'secret');
  const target = join(folder, 'target');
  mkdirSync(target);
  return { folder, outside, target };
}

type Entry = [Partial<Header> & { name: string }, string?];

function archiveOf(entries: Entry[]): Readable {
  const archive = pack();
  for (const [header, text = ''] of entries) archive.entry(header, text);
  archive.finalize();
  return Readable.from(archive);
}

function unpack(entries: Entry[], options: Partial<UnpackOptions> & { target: string }) {
  return unpackLocal(archiveOf(entries), { name: 'x', overwrites: false, ...options });
}

const folderEntry = (name: string): Entry => [{ name, type: 'directory', mode: 0o755 }];
const refused = { code: 'ERR_COPY' };

test('a tree of a guest is a tree here, of the caller, with modes and times', async (t) => {
  const { target } = await setUp(t);
  const mtime = new Date(1e12);
  await unpack(
    [
      [{ name: 'packed', type: 'directory', mode: 0o2750, uid: 7, mtime }],
      [{ name: 'packed/sub', type: 'directory', mode: 0o500, mtime }],
      [{ name: 'packed/sub/file', mode: 0o4755, uid: 7, gid: 8, mtime }, 'text'],
      [{ name: 'packed/second', type: 'link', linkname: 'packed/sub/file' }],
      [{ name: 'packed/link', type: 'symlink', linkname: '/etc/passwd', mtime }],
      [{ name: 'packed/null', type: 'character-device', devmajor: 1, devminor: 3 }],
      [{ name: 'packed/pipe', type: 'fifo' }],
      [{ name: 'packed/implied/deep' }, 'implied'],
    ],
    { target },
  );
  const at = (name: string) => join(target, 'x', name);
  t.is(readFileSync(at('sub/file'), 'utf8'), 'text');
  t.like(statSync(at('sub/file')), { uid: 0, gid: 0, mtimeMs: 1e12 });
  t.is(statSync(at('sub/file')).mode & 0o7777, 0o755);
  t.is(statSync(at('second')).ino, statSync(at('sub/file')).ino);
  t.is(readlinkSync(at('link')), '/etc/passwd');
  t.is(lstatSync(at('link')).mtimeMs, 1e12);
  t.is(statSync(at('sub')).mode & 0o7777, 0o500);
  t.is(statSync(at('')).mode & 0o7777, 0o750);
  t.is(statSync(at('sub')).mtimeMs, 1e12);
  t.is(readFileSync(at('implied/deep'), 'utf8'), 'implied');
  t.false(existsSync(at('null')));
  t.false(existsSync(at('pipe')));
});

test('a path that leads out is refused', async (t) => {
  const { target, folder } = await setUp(t);
  for (const name of ['packed/../../escaped', '/packed/../../escaped', 'packed/a/../../../escaped'])
    await t.throwsAsync(unpack([folderEntry('packed'), [{ name }, 'x']], { target }), refused);
  await t.throwsAsync(unpack([[{ name: '..' }, 'x']], { target }), refused);
  t.false(existsSync(join(folder, 'escaped')));
});

test('a link that was sent is not gone through', async (t) => {
  const { target, outside } = await setUp(t);
  for (const linkname of [outside, '../../outside', '/proc/self/cwd']) {
    const entries: Entry[] = [
      folderEntry('packed'),
      [{ name: 'packed/out', type: 'symlink', linkname }],
      [{ name: 'packed/out/planted' }, 'x'],
    ];
    await t.throwsAsync(unpack(entries, { target, overwrites: true }), refused);
  }
  t.deepEqual(await readdir(outside), ['secret']);
});

test('a link that was there is not gone through, and a file in place of one is a new one', async (t) => {
  const { target, outside } = await setUp(t);
  mkdirSync(join(target, 'x'));
  symlinkSync(outside, join(target, 'x/out'));
  symlinkSync(join(outside, 'secret'), join(target, 'x/file'));
  const through: Entry[] = [folderEntry('packed'), [{ name: 'packed/out/planted' }, 'x']];
  await t.throwsAsync(unpack(through, { target }), refused);
  const folder: Entry[] = [folderEntry('packed'), folderEntry('packed/out')];
  await t.throwsAsync(unpack(folder, { target }), refused);
  await unpack([folderEntry('packed'), [{ name: 'packed/file' }, 'new']], { target });
  t.is(readFileSync(join(target, 'x/file'), 'utf8'), 'new');
  t.is(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
  t.deepEqual(await readdir(outside), ['secret']);
});

test('a hard link is to what was sent, and to nothing else', async (t) => {
  const { target, outside } = await setUp(t);
  mkdirSync(join(target, 'x'));
  writeFileSync(join(target, 'x/own'), 'own');
  symlinkSync(join(outside, 'secret'), join(target, 'x/link'));
  for (const linkname of [join(outside, 'secret'), 'packed/own', 'packed/link', 'packed', '']) {
    const entries: Entry[] = [
      folderEntry('packed'),
      [{ name: 'packed/hard', type: 'link', linkname }],
    ];
    await t.throwsAsync(unpack(entries, { target }), undefined, linkname);
  }
  t.false(existsSync(join(target, 'x/hard')));
  // Through a link that replaces a folder after the file was sent.
  const replaced: Entry[] = [
    folderEntry('packed'),
    [{ name: 'packed/d/secret' }, 'x'],
    [{ name: 'packed/d', type: 'symlink', linkname: outside }],
    [{ name: 'packed/hard', type: 'link', linkname: 'packed/d/secret' }],
  ];
  await t.throwsAsync(unpack(replaced, { target, overwrites: true }), refused);
  t.false(existsSync(join(target, 'x/hard')));
});

test('where it goes depends on what is there', async (t) => {
  const { target } = await setUp(t);
  const file: Entry[] = [[{ name: 'packed' }, 'one']];
  const tree: Entry[] = [folderEntry('packed'), [{ name: 'packed/in' }, 'in']];
  const read = (name: string) => readFileSync(join(target, name), 'utf8');
  await unpack(file, { target });
  t.is(read('x'), 'one');
  await unpack(file, { target: join(target, 'new') });
  t.is(read('new'), 'one');
  symlinkSync('new', join(target, 'to-new'));
  writeFileSync(join(target, 'new'), 'before');
  await unpack(file, { target: join(target, 'to-new') });
  t.is(read('new'), 'one');
  t.true(lstatSync(join(target, 'to-new')).isSymbolicLink());
  await unpack(tree, { target, name: 'tree' });
  t.is(read('tree/in'), 'in');
  await unpack(tree, { target, name: '' });
  t.is(read('in'), 'in');
  await unpack(tree, { target: join(target, 'made/') });
  t.is(read('made/in'), 'in');
  await t.throwsAsync(unpack(tree, { target: join(target, 'new') }), refused);
  await t.throwsAsync(unpack(file, { target: join(target, 'none/') }), refused);
  await t.throwsAsync(unpack(file, { target: join(target, 'none/name') }), refused);
  await t.throwsAsync(unpack(file, { target, name: 'tree' }), refused);
  await unpack(file, { target, name: 'tree', overwrites: true });
  t.is(read('tree'), 'one');
  await t.throwsAsync(unpack(tree, { target, name: 'tree' }), refused);
  await unpack(tree, { target, name: 'tree', overwrites: true });
  t.is(read('tree/in'), 'in');
});

test('what is no archive, or of another thing, is refused', async (t) => {
  const { target } = await setUp(t);
  const options = { target, name: 'x', overwrites: false };
  await t.throwsAsync(unpackLocal(Readable.from([Buffer.alloc(1024, 7)]), options), refused);
  const half = execFileSync('tar', ['-C', '/etc', '-cf', '-', 'passwd']).subarray(0, 700);
  await t.throwsAsync(unpackLocal(Readable.from([half]), options), refused);
  await t.throwsAsync(unpack([[{ name: 'packed/child' }, 'x']], { target }), refused);
  t.is(await unpackLocal(Readable.from([Buffer.alloc(1024)]), options), 0);
  const broken = new Readable({ read: () => undefined });
  setImmediate(() => broken.destroy(new Error('lost')));
  await t.throwsAsync(unpackLocal(broken, options), refused);
});
