// SPDX-License-Identifier: Apache-2.0
// Files leave a root filesystem unchanged, and enter it at their target and nowhere else. GNU tar reads and writes the archives.

import test, { type ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack as newPack, type Header } from 'tar-stream';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeMount } from '../../toolstack/agent/wire-guest.js';
import { encodeArchive, ArchiveOption, ArchiveVerb } from '../../toolstack/agent/wire-process.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;
let folder: string;
/** The root filesystem of most tests, as this machine sees it. */
let root: string;
const loops: string[] = [];

test.before(async () => {
  agent = await TestAgent.start();
  folder = mkdtempSync(join(tmpdir(), 'thaw-files-'));
  root = join(agent.run, 'roots/base/rootfs');
  makeRootfs(root);
});

test.after.always(async () => {
  await agent.stop();
  for (const loop of loops) execFileSync('losetup', ['--detach', loop]);
  rmSync(folder, { recursive: true, force: true });
});

interface Wish {
  verb: number;
  path?: string;
  name?: string;
  options?: number;
  owner?: { uid: number; gid: number };
  container?: string;
  rootfs?: string;
  input?: Buffer;
}

interface Done {
  status: number;
  out: Buffer;
  err: string;
}

async function files(wish: Wish): Promise<Done> {
  const process = agent.newProcess();
  process.stdout.headMax = 1 << 27;
  const { verb, owner, path = '', name = '', options = 0, container = '', rootfs = 'base' } = wish;
  const flags = wish.input ? 1 : 0;
  const request = {
    process: process.id,
    flags,
    verb,
    options,
    owner,
    container,
    rootfs,
    path,
    name,
  };
  await agent.request(AgentType.ARCHIVE, encodeArchive(request));
  if (wish.input) {
    await process.write(wish.input);
    process.end();
  }
  const exit = await process.ended(60_000);
  const status = exit.kind === 'exited' ? exit.code : -1;
  return { status, out: process.stdout.head, err: process.stderr.text };
}

const pack = (path: string, name: string, more: Partial<Wish> = {}) =>
  files({ verb: ArchiveVerb.PACK, path, name, ...more });
const put = (input: Buffer, path: string, name: string, more: Partial<Wish> = {}) =>
  files({ verb: ArchiveVerb.PUT, input, path, name, ...more });
const unpack = (input: Buffer, path: string) => files({ verb: ArchiveVerb.UNPACK, input, path });

function tarOf(...words: string[]): Buffer {
  return execFileSync('tar', ['--numeric-owner', '-C', folder, '-cf', '-', ...words], {
    maxBuffer: 1 << 27,
  });
}

/** Unpacks with GNU tar into a new folder. */
function untar(archive: Buffer): string {
  const out = mkdtempSync(join(folder, 'out-'));
  execFileSync('tar', ['-C', out, '-xpf', '-'], { input: archive });
  return out;
}

/** An archive of entries that no honest tar writes. */
async function crafted(entries: [Partial<Header> & { name: string }, string?][]): Promise<Buffer> {
  const archive = newPack();
  for (const [header, text = ''] of entries) archive.entry(header, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A tree with one file of each kind. */
function makeTree(at: string): void {
  mkdirSync(join(at, 'deep/er'), { recursive: true });
  writeFileSync(join(at, 'plain'), 'text');
  chownSync(join(at, 'plain'), 1234, 3000000);
  chmodSync(join(at, 'plain'), 0o4751);
  utimesSync(join(at, 'plain'), 1e9, 1e9);
  writeFileSync(join(at, 'deep/er/empty'), '');
  linkSync(join(at, 'plain'), join(at, 'deep/second'));
  symlinkSync('../plain', join(at, 'deep/link'));
  symlinkSync('/'.padEnd(300, 'x'), join(at, 'far'));
  const long = 'n'.repeat(200);
  mkdirSync(join(at, long, long), { recursive: true });
  writeFileSync(join(at, long, long, 'file with spaces and \u00e4'), 'long');
  execFileSync('mkfifo', [join(at, 'fifo')]);
  execFileSync('mknod', [join(at, 'null'), 'c', '1', '3']);
  utimesSync(join(at, 'deep'), 1e9 + 5, 1e9 + 5);
}

function isTree(t: ExecutionContext, at: string): void {
  t.is(readFileSync(join(at, 'plain'), 'utf8'), 'text');
  t.like(statSync(join(at, 'plain')), { uid: 1234, gid: 3000000, mtimeMs: 1e12, nlink: 2 });
  t.is(statSync(join(at, 'plain')).mode & 0o7777, 0o4751);
  t.is(statSync(join(at, 'deep/second')).ino, statSync(join(at, 'plain')).ino);
  t.is(readlinkSync(join(at, 'deep/link')), '../plain');
  t.is(readlinkSync(join(at, 'far')).length, 300);
  const long = 'n'.repeat(200);
  t.is(readFileSync(join(at, long, long, 'file with spaces and \u00e4'), 'utf8'), 'long');
  t.true(lstatSync(join(at, 'fifo')).isFIFO());
  t.true(lstatSync(join(at, 'null')).isCharacterDevice());
  t.is(lstatSync(join(at, 'null')).rdev, 0x103);
  t.is(statSync(join(at, 'deep')).mtimeMs, 1e12 + 5000);
}

test.serial('a tree comes out with all that files are', async (t) => {
  makeTree(join(root, 'tree'));
  const { status, out, err } = await pack('/tree', 'name');
  t.is(err, '');
  t.is(status, 0);
  isTree(t, join(untar(out), 'name'));
});

test.serial('a tree goes in with all that files are', async (t) => {
  makeTree(join(folder, 'given'));
  const archive = tarOf('--format=pax', 'given');
  t.deepEqual(await put(archive, '/put', 'given'), { status: 0, out: Buffer.alloc(0), err: '' });
  isTree(t, join(root, 'put'));
  const gnu = tarOf('--format=gnu', 'given');
  t.is((await put(gnu, '/gnu', 'given')).err, '');
  t.is(readlinkSync(join(root, 'gnu/far')).length, 300);
  t.is(statSync(join(root, 'gnu/plain')).gid, 3000000);
});

test.serial('of devices only those go in that every container has', async (t) => {
  const at = join(folder, 'devices');
  mkdirSync(at);
  for (const [name, type, major, minor] of [
    ['zero', 'c', '1', '5'],
    ['mem', 'c', '1', '1'],
    ['console', 'c', '5', '1'],
    ['disk', 'b', '1', '5'],
  ] as const)
    execFileSync('mknod', [join(at, name), type, major, minor]);
  t.is((await put(tarOf('--format=pax', 'devices'), '/devices', 'devices')).err, '');
  t.deepEqual(readdirSync(join(root, 'devices')), ['zero']);
});

test.serial('what went out comes back the same', async (t) => {
  const { out } = await pack('/tree', 'again');
  t.is((await unpack(out, '/tmp')).err, '');
  isTree(t, join(root, 'tmp/again'));
});

test.serial(
  'extended attributes go in and out, but for those that mean something to overlayfs',
  async (t) => {
    const pax = { 'SCHILY.xattr.user.note': 'kept', 'SCHILY.xattr.trusted.overlay.opaque': 'y' };
    const given = await crafted([[{ name: 'r', pax }, 'text']]);
    t.is((await put(given, '/noted', 'r')).err, '');
    const { out } = await pack('/noted', 'noted');
    t.true(out.includes('SCHILY.xattr.user.note=kept\n'));
    t.false(out.includes('opaque'));
  },
);

test.serial('a file of 9 GiB has its size in the archive, and is read as that', async (t) => {
  writeFileSync(join(root, 'huge'), '');
  truncateSync(join(root, 'huge'), 9 * 2 ** 30);
  const process = agent.newProcess();
  process.stdout.headMax = 4096;
  await agent.request(
    AgentType.ARCHIVE,
    encodeArchive({
      process: process.id,
      flags: 0,
      verb: ArchiveVerb.PACK,
      options: 0,
      container: '',
      rootfs: 'base',
      path: '/huge',
      name: 'huge',
    }),
  );
  await until('it has begun to write', () => process.stdout.bytes >= 4096);
  process.stopReading(1);
  const exit = await process.ended();
  t.deepEqual(exit, { kind: 'exited', code: 125 });
  t.regex(process.stderr.text, /Cannot write the archive: Broken pipe/);
  t.regex(process.stdout.head.toString('latin1'), /size=9663676416/);
  rmSync(join(root, 'huge'));
});

test.serial('where a thing goes depends on what is there', async (t) => {
  mkdirSync(join(folder, 'rules/sub'), { recursive: true });
  writeFileSync(join(folder, 'rules/sub/in'), 'in');
  writeFileSync(join(folder, 'single'), 'one');
  const one = tarOf('single');
  const tree = tarOf('rules');
  mkdirSync(join(root, 'there'));
  writeFileSync(join(root, 'there/file'), 'before');
  symlinkSync('/there/file', join(root, 'to-file'));
  symlinkSync('/there', join(root, 'to-folder'));
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const good = async (done: Promise<Done>) => t.is((await done).err, '');
  const bad = async (done: Promise<Done>, why: RegExp) => {
    const { status, err } = await done;
    t.is(status, 125);
    t.regex(err, why);
  };
  // A file: into a folder, in place of a file, under a new name, through links.
  await good(put(one, '/there', 'single'));
  t.is(read('there/single'), 'one');
  await good(put(one, '/there/file', 'single'));
  t.is(read('there/file'), 'one');
  await good(put(one, '/there/new', 'single'));
  t.is(read('there/new'), 'one');
  writeFileSync(join(root, 'there/file'), 'again');
  await good(put(one, '/to-file', 'single'));
  t.is(read('there/file'), 'one');
  t.true(lstatSync(join(root, 'to-file')).isSymbolicLink());
  await good(put(one, '/to-folder/', 'other'));
  t.is(read('there/other'), 'one');
  await bad(put(one, '/nowhere/', 'single'), /Cannot find the folder \/nowhere\/: No such file/);
  await bad(put(one, '/nowhere/name', 'single'), /Cannot find the folder of/);
  await bad(put(one, '/there/file/', 'single'), /Not a directory/);
  // A folder: into a folder, its contents into a folder, as a new folder.
  await good(put(tree, '/there', 'rules'));
  t.is(read('there/rules/sub/in'), 'in');
  await good(put(tree, '/there', 'rules', { options: ArchiveOption.CONTENTS }));
  t.is(read('there/sub/in'), 'in');
  await good(put(tree, '/made', 'rules'));
  t.is(read('made/sub/in'), 'in');
  await bad(put(tree, '/there/file', 'rules'), /it is a file/);
  await bad(put(tree, '/no/such', 'rules'), /Cannot find the folder of/);
  // A folder at the target of a file, and a file at the target of a folder.
  mkdirSync(join(root, 'there/clash/x'), { recursive: true });
  await bad(put(one, '/there', 'clash'), /a folder is there/);
  await good(put(one, '/there', 'clash', { options: ArchiveOption.OVERWRITE }));
  t.is(read('there/clash'), 'one');
  await bad(put(tree, '/there', 'clash'), /no folder is there/);
  await good(put(tree, '/there', 'clash', { options: ArchiveOption.OVERWRITE }));
  t.is(read('there/clash/sub/in'), 'in');
  // One owner for all entries.
  await good(put(tree, '/owned', 'rules', { owner: { uid: 7, gid: 8 } }));
  t.like(statSync(join(root, 'owned/sub/in')), { uid: 7, gid: 8 });
  await bad(unpack(tree, '/there/file'), /Not a directory/);
  await bad(unpack(tree, '/nowhere'), /No such file/);
});

test.serial('an archive does not get out of the root', async (t) => {
  const outside = join(folder, 'outside');
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'secret'), 'secret');
  mkdirSync(join(root, 'jail'), { recursive: true });
  const dots = await crafted([[{ name: 'r/../../../escaped' }, 'x']]);
  t.regex((await put(dots, '/jail', 'r')).err, /leads out of the archive/);
  t.regex((await unpack(dots, '/jail')).err, /leads out of the archive/);
  // A link to a folder outside, then a file through it: the agent resolves the link below the root.
  const through = await crafted([
    [{ name: 'out', type: 'symlink', linkname: outside }],
    [{ name: 'out/planted' }, 'x'],
    [{ name: 'up', type: 'symlink', linkname: '../../../../../../../..' + outside }],
    [{ name: 'up/planted' }, 'x'],
  ]);
  mkdirSync(join(root, outside), { recursive: true });
  t.is((await unpack(through, '/jail')).err, '');
  t.false(existsSync(join(outside, 'planted')));
  t.true(existsSync(join(root, outside, 'planted')));
  // A hard link to a file outside.
  for (const linkname of [
    join(outside, 'secret'),
    '../../../../../../../..' + outside + '/secret',
  ]) {
    const hard = await crafted([[{ name: 'hard', type: 'link', linkname }]]);
    t.is((await unpack(hard, '/jail')).status, 125);
  }
  // A file that replaces a link is a new file, and the link's target stays unchanged.
  symlinkSync(join(outside, 'secret'), join(root, 'jail/link'));
  t.is((await unpack(await crafted([[{ name: 'link' }, 'new']]), '/jail')).err, '');
  t.is(readFileSync(join(root, 'jail/link'), 'utf8'), 'new');
  t.is(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
  // Requested paths are resolved in the same way.
  symlinkSync(outside, join(root, 'jail/far'));
  rmSync(join(root, outside), { recursive: true });
  t.regex((await pack('/jail/far/secret', 'x')).err, /No such file/);
  t.regex((await pack('/../../../../../../../..' + outside, 'x')).err, /No such file/);
});

test.serial('what is no archive is refused', async (t) => {
  for (const input of [
    Buffer.from('no archive'),
    Buffer.alloc(1000, 7),
    tarOf('single').subarray(0, 514),
  ]) {
    const { status, err } = await unpack(input, '/jail');
    t.is(status, 125);
    t.regex(err, /Cannot read the archive/);
  }
  t.is((await unpack(Buffer.alloc(1024), '/jail')).status, 0);
  t.regex((await put(Buffer.alloc(1024), '/jail', 'x')).err, /it is empty/);
});

test.serial('a container that runs shows its own mounts', async (t) => {
  const script = 'echo own > /dev/own; echo made; sleep 100';
  const inside = await startContainer(agent, 'mounted', ['sh', '-c', script]);
  await until('its file is there', () => inside.stdout.text === 'made\n');
  const own = await pack('/dev/own', 'own', { container: 'mounted' });
  t.is(readFileSync(join(untar(own.out), 'own'), 'utf8'), 'own\n');
  t.regex((await pack('/dev/own', 'own')).err, /No such file/);
  t.is((await put(tarOf('single'), '/dev/given', 'x', { container: 'mounted' })).err, '');
  t.false(existsSync(join(root, 'dev/given')));
  await deleteContainer(agent, 'mounted');
  const gone = await t.throwsAsync<Refusal>(pack('/', 'x', { container: 'mounted' }));
  t.is(gone.fault, AgentFault.NOENT);
  t.is((await t.throwsAsync<Refusal>(pack('/', 'x', { rootfs: 'none' }))).fault, AgentFault.NOENT);
  t.is((await t.throwsAsync<Refusal>(files({ verb: 9 }))).fault, AgentFault.MESSAGE);
  t.is((await t.throwsAsync<Refusal>(pack('/', 'a/b'))).fault, AgentFault.MESSAGE);
});

test.serial('what a container changed, and the layer that it makes', async (t) => {
  for (const name of ['lower', 'middle']) {
    makeRootfs(join(folder, name));
    mkdirSync(join(folder, name, 'etc/gone'), { recursive: true });
    mkdirSync(join(folder, name, 'etc/hidden'), { recursive: true });
    writeFileSync(join(folder, name, 'etc/gone/a'), name);
    writeFileSync(join(folder, name, 'etc/hidden/old'), name);
    writeFileSync(join(folder, name, 'etc/file'), name);
    const image = join(folder, `${name}.erofs`);
    execFileSync('mkfs.erofs', [image, join(folder, name)], { stdio: 'ignore' });
    const words = ['--find', '--show', '--read-only', image];
    loops.push(execFileSync('losetup', words, { encoding: 'utf8' }).trim());
    symlinkSync(loops.at(-1) ?? '', join(agent.folder, 'dev', `xvd${name}`));
  }
  for (const devices of [['xvdlower'], ['xvdlower', 'xvdmiddle']]) {
    const rootfs = `changed${devices.length}`;
    await agent.request(
      AgentType.MOUNT,
      encodeMount({ rootfs, devices, timeoutMs: 2000, upperKib: 0 }),
    );
    const script =
      'cd /etc; rm -r gone hidden; mkdir hidden; echo x > hidden/new; echo y > file; mkdir -p /a/b; ln file two';
    const process = await startContainer(agent, `c${rootfs}`, ['sh', '-c', script], { rootfs });
    await process.ended();
    t.is(process.stderr.text, '');
    await deleteContainer(agent, `c${rootfs}`);
    const { out, err } = await files({ verb: ArchiveVerb.CHANGES, rootfs });
    t.is(err, '');
    const lines = out
      .toString()
      .split('\0')
      .filter((line) => line !== '' && !/ \/(dev|proc)/.test(line));
    t.deepEqual(lines.sort(), [
      ...['A /a', 'A /a/b', 'A /etc/hidden/new', 'A /etc/two', 'C /etc', 'C /etc/file'],
      ...['C /etc/hidden', 'D /etc/gone', 'D /etc/hidden/old'],
    ]);
    const layer = await files({ verb: ArchiveVerb.LAYER, rootfs });
    t.is(layer.err, '');
    const at = untar(layer.out);
    t.true(existsSync(join(at, 'etc/.wh.gone')));
    t.true(existsSync(join(at, 'etc/hidden/.wh..wh..opq')));
    t.is(readFileSync(join(at, 'etc/file'), 'utf8'), 'y\n');
    t.is(statSync(join(at, 'etc/two')).ino, statSync(join(at, 'etc/file')).ino);
    await agent.request(
      AgentType.UNMOUNT,
      Buffer.concat([Buffer.from([rootfs.length, 0, 0, 0]), Buffer.from(rootfs)]),
    );
  }
});
