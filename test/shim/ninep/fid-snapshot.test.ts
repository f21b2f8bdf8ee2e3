// SPDX-License-Identifier: Apache-2.0
// A new server continues from a fid snapshot: open files, folders, locks and file numbers. Checks the reasons that prevent a snapshot.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  NinepClient,
  scratch,
  T,
  type Entry,
  type ServeOptions,
} from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';
import {
  encodeSnapshot,
  FILE,
  FOLDER,
  LINK,
  type FidSnapshot,
} from '../../support/ninep/snapshot.js';

interface Tree {
  dir: string;
  /** The path of the fid snapshot. */
  file: string;
  client: NinepClient;
  root: number;
}

/** A server on a folder with a file in it, which saves a fid snapshot when it is closed. */
async function guest(t: ExecutionContext, options: ServeOptions = {}): Promise<Tree> {
  const dir = scratch(t);
  const file = join(scratch(t), 'snapshot');
  writeFileSync(join(dir, 'file'), 'content');
  mkdirSync(join(dir, 'folder'));
  const client = await NinepClient.start(t, dir, { ...options, save: file });
  return { dir, file, client, root: await client.attach() };
}

/** Ends the first server and starts a new one from its snapshot. */
async function another(
  t: ExecutionContext,
  { dir, file, client }: Tree,
  options: ServeOptions = {},
): Promise<NinepClient> {
  t.is(await client.close(), 0);
  return NinepClient.open(t, dir, { ...options, restore: file });
}

for (const [name, options] of Object.entries({ '': {}, ', confined': { confined: {} } }))
  test(`what is open goes on being read and written${name}`, async (t) => {
    const tree = await guest(t, options);
    const { client, root, dir } = tree;
    const file = await client.lopen(await client.walk(root, 'file'), 2);
    await client.write(file, 7, ' more');
    // With O_APPEND, and by another user.
    const other = await client.attach(1000);
    const appended = await client.create(other, 'new', 1 | 0o2000);
    const closed = await client.walk(root, 'folder');
    t.true(await client.lock(file, 1, 0, 5));
    const next = await another(t, tree, options);
    t.is(String(await next.read(file)), 'content more');
    t.is(String(await next.read(file, 8, 2)), 'mo');
    await next.write(file, 12, '!');
    await next.write(appended, 0, 'a');
    await next.write(appended, 0, 'b');
    await t.throwsAsync(next.read(appended), { code: 'EBADF' });
    t.is(readFileSync(join(dir, 'new'), 'utf8'), 'ab');
    t.is(readFileSync(join(dir, 'file'), 'utf8'), 'content more!');
    await t.throwsAsync(next.readdir(closed), { code: 'EBADF' });
    t.true(await next.lock(file, 2));
    await next.create(await next.walk(other), 'theirs');
    t.is((await next.getattr(await next.walk(root, 'theirs'))).uid, 1000);
    await next.mkdir(closed, 'deep');
    for (const fid of [file, appended, closed]) await next.clunk(fid);
    await t.throwsAsync(next.clunk(file), { code: 'EBADF' });
  });

test('the agreed size of messages stays, and nothing need be agreed on again', async (t) => {
  const tree = await guest(t, { msize: 4096 });
  const next = await another(t, tree);
  await next.write(await next.create(tree.root, 'long'), 0, 'x'.repeat(4000));
  t.true((await next.read(await next.lopen(await next.walk(tree.root, 'long')))).length < 4096);
  t.is(await next.raw(Buffer.concat([put.u32(5000), Buffer.alloc(4996)])), undefined);
});

test('a connection before its version, and one without a fid', async (t) => {
  const [dir, place] = [scratch(t), scratch(t)];
  const first = NinepClient.open(t, dir, { save: join(place, '1') });
  t.is(await first.close(), 0);
  const second = NinepClient.open(t, dir, { restore: join(place, '1'), save: join(place, '2') });
  await second.version();
  t.is(await second.close(), 0);
  const third = NinepClient.open(t, dir, { restore: join(place, '2') });
  t.deepEqual(await third.list(await third.attach()), []);
});

test('the listing of a folder goes on where it was', async (t) => {
  const tree = await guest(t);
  const names = Array.from({ length: 300 }, (_, i) => `name-${i}`);
  for (const name of names) writeFileSync(join(tree.dir, 'folder', name), '');
  const { client, root } = tree;
  const folder = await client.lopen(await client.walk(root, 'folder'));
  const seen: Entry[] = await client.readdir(folder, 0n, 4000);
  t.true(seen.length > 2 && seen.length < 300);
  const next = await another(t, tree);
  for (;;) {
    const part = await next.readdir(folder, seen.at(-1)?.offset, 4000);
    if (part.length === 0) break;
    seen.push(...part);
  }
  t.deepEqual(seen.map(({ name }) => name).sort(), ['.', '..', ...names].sort());
});

test('what was renamed is found under its new name, and a link is itself', async (t) => {
  const tree = await guest(t);
  const { client, root, dir } = tree;
  symlinkSync('file', join(dir, 'link'));
  const [file, folder, link] = [
    await client.lopen(await client.walk(root, 'file')),
    await client.walk(root, 'folder'),
    await client.walk(root, 'link'),
  ];
  await client.renameat(root, 'file', folder, 'moved');
  renameSync(join(dir, 'folder'), join(dir, 'other'));
  const next = await another(t, tree);
  t.is(String(await next.read(file)), 'content');
  t.deepEqual(
    (await next.list(folder)).map(({ name }) => name),
    ['moved'],
  );
  t.is(await next.readlink(link), 'file');
  // The parent of the root is still the root.
  const [above] = await next.walkTo(folder, 77, '..');
  t.deepEqual(above, (await next.getattr(root)).qid);
});

test('locks are held again, and refused where somebody else has them', async (t) => {
  const tree = await guest(t);
  const { client, root, dir, file: snapshot } = tree;
  const file = await client.lopen(await client.walk(root, 'file'), 2);
  const again = await client.lopen(await client.walk(root, 'file'), 2);
  t.true(await client.lock(file, 1, 0, 10, 5));
  t.true(await client.lock(file, 0, 20, 10, 5));
  t.true(await client.lock(again, 0, 25, 10, 6));
  const next = await another(t, tree);
  const other = await NinepClient.start(t, dir);
  const theirs = await other.lopen(await other.walk(await other.attach(), 'file'), 2);
  t.false(await other.lock(theirs, 0, 9, 1));
  t.true(await other.lock(theirs, 1, 10, 10));
  t.true(await other.lock(theirs, 0, 20, 15));
  t.true(await other.lock(theirs, 2));
  // Each owner's locks are separate: those of a clunked fid, and those of a process that unlocks.
  await next.clunk(again);
  t.true(await other.lock(theirs, 1, 30, 5));
  t.false(await other.lock(theirs, 1, 25, 1));
  t.true(await next.lock(file, 2, 0, 10, 6));
  t.false(await other.lock(theirs, 1, 0, 1));
  t.true(await next.lock(file, 2, 0, 0, 5));
  t.true(await other.lock(theirs, 1, 0, 1));
  await next.close();
  const refused = NinepClient.open(t, dir, { restore: snapshot });
  t.is(await refused.refusal(), 'Cannot restore file: another guest or the host has locked it');
  await other.close();
  t.is(await NinepClient.open(t, dir, { restore: snapshot }).close(), 0);
});

/** Changes to a file that a guest has open, and the resulting reason against a snapshot. */
const LOST: Record<string, [(path: string, away: string) => void, string]> = {
  deleted: [(path) => rmSync(path), 'Cannot save folder/x: it is open, and has been deleted'],
  'one of two names deleted': [
    (path) => {
      linkSync(path, `${path}2`);
      rmSync(path);
    },
    'Cannot save folder/x: it is open, and has been deleted',
  ],
  replaced: [
    (path) => {
      writeFileSync(`${path}2`, '');
      renameSync(`${path}2`, path);
    },
    'Cannot save folder/x: it is open, and has been deleted',
  ],
  'what the host calls deleted': [
    (path) => {
      linkSync(path, `${path}2`);
      rmSync(path);
      writeFileSync(`${path} (deleted)`, '');
    },
    'Cannot save folder/x (deleted): it is open, and another file has its name',
  ],
  'moved away': [renameSync, 'Cannot save a file: it is open, and no longer in the tree'],
};

for (const [name, [change, why]] of Object.entries(LOST))
  test(`a file without its name is named: ${name}`, async (t) => {
    const { dir, client, root, file } = await guest(t);
    const path = join(dir, 'folder/x');
    writeFileSync(path, '');
    await client.lopen(await client.walk(root, 'folder', 'x'));
    change(path, `${file}-away`);
    t.is(await client.refusal(), why);
  });

test('of what is not open the names may be gone, before the snapshot and behind it', async (t) => {
  const tree = await guest(t);
  const { client, root, dir, file } = tree;
  for (const name of ['before', 'behind', 'kept']) writeFileSync(join(dir, 'folder', name), name);
  const before = await client.walk(root, 'folder', 'before');
  const behind = await client.walk(root, 'folder', 'behind');
  const kept = await client.walk(root, 'folder', 'kept');
  rmSync(join(dir, 'folder/before'));
  t.is(await client.close(), 0);
  rmSync(join(dir, 'folder/behind'));
  mkdirSync(join(dir, 'folder/behind'));
  const again = `${file}-again`;
  const next = NinepClient.open(t, dir, { restore: file, save: again });
  for (const fid of [before, behind]) {
    await t.throwsAsync(next.call(T.getattr, put.u32(fid), put.u64(0x7ff)), { message: /EBADF|9/ });
    await t.throwsAsync(next.lopen(fid));
    await t.throwsAsync(next.walk(fid, 'x'));
    await t.throwsAsync(next.mkdir(fid, 'x'));
  }
  await next.lopen(kept);
  t.is(String(await next.read(kept)), 'kept');
  // A second time.
  t.is(await next.close(), 0);
  const third = NinepClient.open(t, dir, { restore: again });
  await t.throwsAsync(third.lopen(before));
  t.is(String(await third.read(kept)), 'kept');
});

test('so is an extended attribute on its way, and a path that is too long', async (t) => {
  const tree = await guest(t);
  const { client, root } = tree;
  const fid = await client.walk(root, 'file');
  const fields = [put.string('user.a'), put.u64(5), put.u32(0)];
  await client.call(T.xattrcreate, put.u32(fid), ...fields);
  t.is(
    await client.refusal(),
    'Cannot save file: one of its extended attributes is read or written',
  );
  const deep = await guest(t);
  let folder = deep.root;
  const name = 'n'.repeat(250);
  for (let i = 0; i < 17; i++) {
    await deep.client.mkdir(folder, name);
    folder = await deep.client.walk(folder, name);
  }
  t.is(await deep.client.refusal(), 'Cannot save a file: File name too long');
  // Node.js has no function for this.
  execFileSync('rm', ['-rf', join(deep.dir, name)]);
});

test('what is not there, or of another kind, or cannot be opened, is named', async (t) => {
  for (const [change, expected] of [
    [(path: string) => rmSync(path), 'Cannot restore file: No such file or directory'],
    [
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
      'Cannot restore file: it is a file of another kind',
    ],
    [
      (path: string) => {
        rmSync(path);
        symlinkSync('folder', path);
      },
      'Cannot restore file: it is a file of another kind',
    ],
  ] as const) {
    const tree = await guest(t);
    const { client, root, dir, file } = tree;
    await client.lopen(await client.walk(root, 'file'));
    t.is(await client.close(), 0);
    change(join(dir, 'file'));
    t.is(await NinepClient.open(t, dir, { restore: file }).refusal(), expected);
  }
});

test('in the same tree files keep their numbers', async (t) => {
  const tree = await guest(t);
  const { client, root } = tree;
  const [file] = await client.walkTo(root, 50, 'file');
  const [folder] = await client.walkTo(root, 51, 'folder');
  const next = await another(t, tree);
  t.deepEqual((await next.getattr(50)).qid, file);
  t.deepEqual(await next.walkTo(root, 52, 'folder'), [folder]);
  t.deepEqual((await next.list(root)).find(({ name }) => name === 'file')?.qid.path, file?.path);
});

test('in a copy they work, and no number is one that the guest has for another file', async (t) => {
  const tree = await guest(t);
  const { client, root, dir, file } = tree;
  const fid = await client.lopen(await client.walk(root, 'file'), 2);
  t.is((await client.getattr(fid)).qid.path >> 52n, 0n);
  t.is(await client.close(), 0);
  const copy = scratch(t);
  cpSync(dir, copy, { recursive: true });
  const place = join(scratch(t), 'second');
  const next = NinepClient.open(t, copy, { restore: file, save: place });
  await next.write(fid, 0, 'C');
  t.is(readFileSync(join(copy, 'file'), 'utf8'), 'Content');
  t.is(readFileSync(join(dir, 'file'), 'utf8'), 'content');
  for (const { qid } of await next.list(root)) t.is(qid.path >> 52n, 1n);
  t.is((await next.getattr(fid)).qid.path >> 52n, 1n);
  // Repeated: the second server's snapshot has both.
  t.is(await next.close(), 0);
  const third = NinepClient.open(t, copy, { restore: place });
  t.is((await third.getattr(fid)).qid.path >> 52n, 1n);
});

/** A server on a tree with a file beside it, started from a forged snapshot. */
function forged(t: ExecutionContext, bytes: Buffer, fewFids = false): NinepClient {
  const [dir, file] = [scratch(t), join(scratch(t), 'snapshot')];
  mkdirSync(join(dir, 'export/folder'), { recursive: true });
  writeFileSync(join(dir, 'secret'), 'secret');
  writeFileSync(join(dir, 'export/file'), 'content');
  symlinkSync('../secret', join(dir, 'export/link'));
  symlinkSync('..', join(dir, 'export/up'));
  execFileSync('mkfifo', [join(dir, 'export/fifo')]);
  writeFileSync(file, bytes);
  return NinepClient.open(t, join(dir, 'export'), { restore: file, fewFids });
}

test('what is written by hand is taken up where a server could have written it', async (t) => {
  const fids = [
    {},
    { number: 7, path: 'file', mode: FILE, flags: 2, position: 99 },
    { number: 8, path: 'link', mode: LINK },
    { number: 9, path: 'folder', flags: 0o200000, position: -1 },
  ];
  const ranges = [{ fid: 7, end: 0, exclusive: 1 }];
  const client = forged(t, encodeSnapshot({ fids, ranges, devices: [0, 5] }));
  t.is(String(await client.read(7)), 'content');
  t.is(await client.readlink(8), '../secret');
  t.deepEqual(await client.readdir(9, 0n).then((all) => all.length), 2);
  t.deepEqual(await client.walkTo(1, 10, '..'), await client.walkTo(1, 11, '..'));
});

const MALFORMED = 'Cannot restore the fid snapshot: it is malformed';
const TOO_MANY = 'Cannot restore the fid snapshot: it has more files than a server may have';

const FORGED: Record<string, [FidSnapshot, string?]> = {
  'of another kind of file': [{ magic: 'TAR.' }],
  'of another version': [
    { version: 2 },
    'Cannot restore the fid snapshot: another version of thaw wrote it',
  ],
  'with messages too long': [{ msize: 2 ** 31 }],
  'with messages too short': [{ msize: 4095 }],
  'before its version': [{ msize: 0 }],
  'without a device': [{ devices: [], fids: [] }],
  'with too many devices': [{ counts: { devices: 4097 } }],
  'with more fids than it has': [{ counts: { fids: 2 } }],
  'with fewer fids than it has': [{ counts: { fids: 0 } }],
  'with too many fids': [{ counts: { fids: 32769 } }, TOO_MANY],
  'with more ranges than it has': [{ counts: { ranges: 1 } }],
  'with too many ranges': [{ counts: { ranges: 4097 } }],
  'with a fid twice': [{ fids: [{}, {}] }],
  'with the number that is none': [{ fids: [{ number: 0xffffffff }] }],
  'with a device that it has not': [{ fids: [{ device: 1 }] }],
  'with an inode of another device': [{ fids: [{ inode: 1n << 52n }] }],
  'with a mode that is no kind': [{ fids: [{ mode: FOLDER | 0o777 }] }],
  'with flags that make': [{ fids: [{ path: 'file', mode: FILE, flags: 0o101 }] }],
  'with flags that cut off': [{ fids: [{ path: 'file', mode: FILE, flags: 0o1001 }] }],
  'with O_PATH': [{ fids: [{ path: 'file', mode: FILE, flags: 0o10000000 }] }],
  'with access 3': [{ fids: [{ path: 'file', mode: FILE, flags: 3 }] }],
  'with a position before the first': [{ fids: [{ flags: 0, position: -2 }] }],
  'without a path': [{ fids: [{ path: '' }] }],
  'with a path of what is gone': [{ fids: [{ mode: 0 }] }],
  'with what is gone, and open': [{ fids: [{ mode: 0, path: '', flags: 0 }] }],
  'with what is gone on a device that it has not': [{ fids: [{ mode: 0, path: '', device: 1 }] }],
  'with a path that is too long': [{ fids: [{ path: 'x/'.repeat(2048) }] }],
  'with a path that ends before it ends': [{ fids: [{ path: 'file\0' }] }],
  'with a path that leads up': [
    { fids: [{ path: '../secret', mode: FILE }] },
    'Cannot restore ../secret: Invalid cross-device link',
  ],
  'with a path from the root': [
    { fids: [{ path: '/etc/passwd', mode: FILE }] },
    'Cannot restore /etc/passwd: Invalid cross-device link',
  ],
  'through a symlink': [
    { fids: [{ path: 'up/secret', mode: FILE }] },
    'Cannot restore up/secret: Too many levels of symbolic links',
  ],
  'with a symlink opened': [
    { fids: [{ path: 'link', mode: LINK, flags: 0 }] },
    'Cannot restore link: Too many levels of symbolic links',
  ],
  'with a FIFO opened': [
    { fids: [{ path: 'fifo', mode: 0o010000, flags: 0 }] },
    'Cannot restore fifo: Permission denied',
  ],
  'with a folder that is written': [
    { fids: [{ path: 'folder', flags: 2 }] },
    'Cannot restore folder: Is a directory',
  ],
  'with a lock of no fid': [{ ranges: [{ fid: 2 }] }],
  'with a lock of what is not open': [{ ranges: [{}] }],
  'with a lock on a folder': [{ fids: [{ flags: 0 }], ranges: [{}] }],
  ...Object.fromEntries(
    Object.entries({
      'that ends before it begins': { start: 2, end: 1 },
      'that ends nowhere': { end: 2n ** 63n },
      'of a third kind': { exclusive: 2 },
    }).map(([name, range]) => [
      `with a lock ${name}`,
      [{ fids: [{ path: 'file', mode: FILE, flags: 2 }], ranges: [range] }] as [FidSnapshot],
    ]),
  ),
};

for (const [name, [snapshot, why = MALFORMED]] of Object.entries(FORGED))
  test(`a fid snapshot ${name} is refused`, async (t) => {
    t.is(await forged(t, encodeSnapshot(snapshot)).refusal(), why);
  });

test('so is one that is cut off anywhere, and one that goes on', async (t) => {
  const fids = [{}, { number: 2, path: 'file', mode: FILE, flags: 2 }];
  const whole = encodeSnapshot({ fids, ranges: [{ fid: 2 }] });
  for (let length = 0; length < whole.length; length += 3)
    t.is(await forged(t, whole.subarray(0, length)).refusal(), MALFORMED);
  t.is(await forged(t, Buffer.concat([whole, Buffer.alloc(1)])).refusal(), MALFORMED);
});

test('no more fids and locks than a guest may have', async (t) => {
  const fids = Array.from({ length: 65 }, (_, number) => ({ number }));
  t.is(await forged(t, encodeSnapshot({ fids }), true).refusal(), TOO_MANY);
  const client = forged(t, encodeSnapshot({ fids: fids.slice(0, 64) }), true);
  await t.throwsAsync(client.walk(1), { code: 'ENFILE' });
  const opened = Array.from({ length: 41 }, (_, number) => ({
    number,
    path: 'file',
    mode: FILE,
    flags: 2,
  }));
  const full = 'Cannot restore file: Too many open files in system';
  t.is(await forged(t, encodeSnapshot({ fids: opened }), true).refusal(), full);
  // A range in the middle of another range splits it: three remain.
  const ranges = [{ end: 100 }, ...Array.from({ length: 15 }, (_, i) => ({ process: 2, start: 6 * i + 2, end: 6 * i + 3, exclusive: 1 }))]; // prettier-ignore
  const open = [{ path: 'file', mode: FILE, flags: 2 }];
  const why = 'Cannot restore file: No locks available';
  t.is(await forged(t, encodeSnapshot({ fids: open, ranges }), true).refusal(), why);
});

test('two devices that are one now do not share numbers', async (t) => {
  const dir = scratch(t);
  const [inode, file] = [statSync(dir).ino, join(scratch(t), 'snapshot')];
  mkdirSync(join(dir, 'folder'));
  const other = statSync(join(dir, 'folder')).ino;
  const fids = [
    { inode },
    { number: 2, path: 'folder', inode: other, device: 2 },
    { number: 3, inode, device: 1 },
  ];
  writeFileSync(file, encodeSnapshot({ fids, devices: [0, 0, 0] }));
  const client = NinepClient.open(t, dir, { restore: file });
  for (const fid of [1, 2, 3]) t.is((await client.getattr(fid)).qid.path >> 52n, 0n);
  fids.splice(0, 1);
  writeFileSync(file, encodeSnapshot({ fids, devices: [0, 0, 0] }));
  const next = NinepClient.open(t, dir, { restore: file });
  for (const fid of [2, 3]) t.is((await next.getattr(fid)).qid.path >> 52n, 1n);
  fids.splice(0, 2, { inode: inode + 1 }, { number: 2, path: 'folder', inode: other, device: 0 });
  writeFileSync(file, encodeSnapshot({ fids, devices: [0, 0, 0] }));
  const last = NinepClient.open(t, dir, { restore: file });
  for (const fid of [1, 2]) t.is((await last.getattr(fid)).qid.path >> 52n, 3n);
});
