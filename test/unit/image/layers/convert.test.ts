// SPDX-License-Identifier: Apache-2.0
// Converts real tar streams to layers with the real mkfs.erofs. fsck.erofs and dump.erofs read the results back.
import test, { type ExecutionContext } from 'ava';
import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { convertLayer, type ConvertOptions } from '../../../../toolstack/image/layers/convert.js';
import { DEFAULT_LIMITS } from '../../../../toolstack/image/layers/rules.js';
import { digest, makeTar, type Entry } from '../../../support/image/oci-image.js';

const run = promisify(execFile);

async function workDir(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-layer-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function convert(
  dir: string,
  tar: Buffer,
  options: Partial<ConvertOptions> & { blobBytes?: Buffer } = {},
) {
  const { blobBytes = gzipSync(tar, { level: 1 }), ...rest } = options;
  const blob = join(dir, 'blob');
  await writeFile(blob, blobBytes);
  return convertLayer({
    blob,
    digest: digest(blobBytes),
    diffId: digest(tar),
    out: join(dir, 'out.erofs'),
    tmpDir: dir,
    limits: DEFAULT_LIMITS,
    lower: new Map(),
    signal: new AbortController().signal,
    ...rest,
  });
}

/** Mode, uid and gid of a path; '' is the root. dump.erofs shows no sticky bit, so the files are extracted. */
async function attributes(dir: string, path: string): Promise<number[]> {
  const x = join(dir, 'x');
  await run('fsck.erofs', [`--extract=${x}`, '--preserve', '--overwrite', join(dir, 'out.erofs')]);
  const { mode, uid, gid } = await lstat(join(x, path));
  return [mode & 0o7777, uid, gid];
}

async function fileTypes(dir: string, path: string): Promise<Record<string, string>> {
  const { stdout } = await run('dump.erofs', ['--ls', `--path=${path}`, join(dir, 'out.erofs')]);
  const types = ['', 'file', 'directory', 'device', 'block', 'fifo', 'socket', 'symlink'];
  const found: Record<string, string> = {};
  for (const [, type, name = ''] of stdout.matchAll(/^\s+\d+\s+(\d)\s+(.+)$/gm)) {
    if (name !== '.' && name !== '..') found[name] = types[Number(type)] ?? '';
  }
  return found;
}

test('files, links, owners, modes, times and long names arrive', async (t) => {
  const dir = await workDir(t);
  const long = `${'d'.repeat(200)}/${'f'.repeat(250)}`;
  const big = Buffer.alloc(3_000_001, 'thaw');
  const tar = await makeTar([
    { name: './', type: 'directory', mode: 0o755 },
    { name: 'bin/', type: 'directory' },
    { name: 'bin/su', content: 'x', mode: 0o4755, uid: 70000, gid: 80000, mtime: new Date(1e12) },
    { name: 'bin/hard', type: 'link', linkname: '/bin/su' },
    { name: 'bin/soft', type: 'symlink', linkname: '../../../etc/shadow' },
    { name: 'pipe', type: 'fifo' },
    { name: 'ünïcode', content: 'u' },
    { name: `${'d'.repeat(200)}/`, type: 'directory' },
    { name: long, content: big },
  ]);
  await convert(dir, tar);
  await run('fsck.erofs', ['--extract=' + join(dir, 'x'), '--preserve', join(dir, 'out.erofs')]);
  const stat = await lstat(join(dir, 'x/bin/su'));
  t.deepEqual(
    [stat.mode & 0o7777, stat.uid, stat.gid, stat.nlink, stat.mtimeMs],
    [0o4755, 70000, 80000, 2, 1e12],
  );
  t.is(await readlink(join(dir, 'x/bin/soft')), '../../../etc/shadow');
  t.true((await lstat(join(dir, 'x/pipe'))).isFIFO());
  t.is(await readFile(join(dir, 'x/ünïcode'), 'utf8'), 'u');
  t.true(big.equals(await readFile(join(dir, 'x', long))));
});

test('the same layer gives the same bytes, compressed or not', async (t) => {
  const tar = await makeTar([{ name: 'a/b/c', content: 'x', mtime: new Date(5e11) }]);
  const outs: Buffer[] = [];
  for (const blobBytes of [gzipSync(tar), tar, await zstd(t, tar)]) {
    const dir = await workDir(t);
    await convert(dir, tar, { blobBytes });
    outs.push(await readFile(join(dir, 'out.erofs')));
  }
  t.true(outs[0]?.equals(outs[1] ?? Buffer.alloc(0)));
  t.true(outs[0]?.equals(outs[2] ?? Buffer.alloc(0)));
});

async function zstd(t: ExecutionContext, tar: Buffer): Promise<Buffer> {
  const dir = await workDir(t);
  await writeFile(join(dir, 'tar'), tar);
  await run('zstd', ['-q', join(dir, 'tar'), '-o', join(dir, 'tar.zst')]);
  return readFile(join(dir, 'tar.zst'));
}

test('folders that no entry names get safe attributes, or those of the layers below', async (t) => {
  const dir = await workDir(t);
  const tar = await makeTar([
    { name: 'tmp/x', content: '1' },
    { name: 'new/deep/y', content: '2' },
    { name: 'late/z', content: '3' },
    { name: 'late/', type: 'directory', mode: 0o700, uid: 5 },
  ]);
  const facts = await convert(dir, tar, { lower: new Map([['tmp', [0o1777, 3, 4]]]) });
  t.deepEqual(facts.implied, ['tmp', 'new', 'new/deep', 'late']);
  t.deepEqual(await attributes(dir, 'tmp'), [0o1777, 3, 4]);
  t.deepEqual(await attributes(dir, 'new/deep'), [0o755, 0, 0]);
  t.deepEqual(await attributes(dir, 'late'), [0o700, 5, 0]);
  t.deepEqual(await attributes(dir, ''), [0o755, 0, 0]);
  t.deepEqual(facts.specialDirs, { late: [0o700, 5, 0] });
});

test('whiteouts hide what lies below, never what their own layer has', async (t) => {
  const dir = await workDir(t);
  const tar = await makeTar([
    { name: '.wh.gone' },
    { name: 'before', content: 'kept' },
    { name: '.wh.before' },
    { name: '.wh.after' },
    { name: 'after', content: 'kept' },
    { name: 'dir/', type: 'directory' },
    { name: 'dir/in', content: 'kept' },
    { name: '.wh.dir' },
    { name: '.wh.dir2' },
    { name: 'dir2/', type: 'directory' },
    { name: '.wh.dir3' },
    { name: 'dir3/implied', content: 'kept' },
    { name: 'opaque/', type: 'directory' },
    { name: 'opaque/.wh..wh..opq' },
    { name: '.wh..wh.plnk/', type: 'directory' },
    { name: '.wh..wh.plnk/1', content: 'dropped' },
    { name: 'last', content: 'kept' },
  ]);
  await convert(dir, tar);
  t.deepEqual(await fileTypes(dir, '/'), {
    gone: 'device',
    before: 'file',
    after: 'file',
    dir: 'directory',
    dir2: 'directory',
    dir3: 'directory',
    opaque: 'directory',
    last: 'file',
  });
  t.deepEqual(await fileTypes(dir, '/dir'), { in: 'file' });
  const loop = join(dir, 'm');
  await run('mkdir', [loop]);
  await run('mount', ['-t', 'erofs', '-o', 'loop,ro', join(dir, 'out.erofs'), loop]);
  try {
    // trusted.overlay.opaque shows as an xattr of the folder, so the test asks overlayfs itself.
    const lower = join(dir, 'lower');
    const merged = join(dir, 'merged');
    await run('sh', [
      '-c',
      `mkdir -p ${merged}; for d in dir dir2 dir3 opaque; do mkdir -p ${lower}/$d; echo low >${lower}/$d/low; done; echo low >${lower}/gone`,
    ]);
    await run('mount', ['-t', 'overlay', '-o', `lowerdir=${loop}:${lower}`, 'overlay', merged]);
    try {
      const shown = await run('sh', [
        '-c',
        `cd ${merged}; find . -type f | sort; cat before after`,
      ]);
      t.is(
        shown.stdout,
        ['./after', './before', './dir/in', './dir3/implied', './last', 'keptkept'].join('\n'),
      );
    } finally {
      await run('umount', [merged]);
    }
  } finally {
    await run('umount', [loop]);
  }
});

test('a tar without its end, as umoci insert writes it, is completed', async (t) => {
  const dir = await workDir(t);
  const whole = await makeTar([{ name: 'a', content: 'x'.repeat(700) }]);
  await convert(dir, whole.subarray(0, 512 + 700));
  t.deepEqual(await fileTypes(dir, '/'), { a: 'file' });
  await convert(dir, Buffer.alloc(0), { blobBytes: Buffer.alloc(0) });
  t.deepEqual(await fileTypes(dir, '/'), {});
});

test('users and groups are found as the layer shows them', async (t) => {
  const dir = await workDir(t);
  const facts = async (...entries: Entry[]) => {
    const { passwd, group } = await convert(dir, await makeTar(entries));
    return [passwd, group];
  };
  const etc: Entry = { name: 'etc/', type: 'directory' };
  t.deepEqual(
    await facts(etc, { name: 'etc/passwd', content: 'p' }, { name: 'etc/group', content: 'g' }),
    ['p', 'g'],
  );
  t.deepEqual(await facts({ name: 'x', content: '' }), [undefined, undefined]);
  t.deepEqual(await facts(etc, { name: 'etc/.wh.passwd' }), [null, undefined]);
  t.deepEqual(await facts(etc, { name: 'etc/.wh..wh..opq' }, { name: 'etc/group', content: 'g' }), [
    null,
    'g',
  ]);
  t.deepEqual(await facts({ name: '.wh.etc' }), [null, null]);
  t.deepEqual(await facts({ name: '.wh..wh..opq' }), [null, null]);
  t.true((await convert(dir, await makeTar([{ name: '.wh..wh..opq' }]))).hidesAll);
  t.deepEqual(await facts({ name: 'etc', type: 'symlink', linkname: 'usr/etc' }), [null, null]);
  t.deepEqual(await facts({ name: 'etc/passwd', type: 'symlink', linkname: '/nix/passwd' }), [
    null,
    undefined,
  ]);
  const linked: Entry[] = [
    { name: 'etc/passwd-', content: 'p' },
    { name: 'etc/passwd', type: 'link', linkname: 'etc/passwd-' },
  ];
  t.deepEqual(await facts(...linked), ['p', undefined]);
  const long = 'user:x:1:1::/:/bin/sh\n'.repeat(20_000);
  const [passwd] = await facts({ name: 'etc/passwd', content: long });
  t.true(typeof passwd === 'string' && passwd.length <= 256 * 1024 && passwd.endsWith('/bin/sh\n'));
});

test('what a layer must not hold is refused by name', async (t) => {
  const dir = await workDir(t);
  const cases: [Entry[], string, RegExp][] = [
    [[{ name: '../x', content: '' }], 'ERR_IMAGE_UNSAFE', /"\.\.\/x"/],
    [[{ name: 'a/../../x', content: '' }], 'ERR_IMAGE_UNSAFE', /\.\./],
    [
      [{ name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 }],
      'ERR_IMAGE_UNSAFE',
      /"dev\/sda" is a device node/,
    ],
    [
      [{ name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 }],
      'ERR_IMAGE_UNSAFE',
      /device node/,
    ],
    [
      [{ name: 'l', type: 'link', linkname: '../../etc/shadow' }],
      'ERR_IMAGE_UNSAFE',
      /hard link "l"/,
    ],
    [[{ name: 'l', type: 'link', linkname: 'missing' }], 'ERR_IMAGE_UNSUPPORTED', /"missing"/],
    [
      [
        { name: 'f', content: '' },
        { name: 'f/x', content: '' },
      ],
      'ERR_IMAGE_UNSAFE',
      /"f", which is not a folder/,
    ],
    [
      [
        { name: 's', type: 'symlink', linkname: '/etc' },
        { name: 's/x', content: '' },
      ],
      'ERR_IMAGE_UNSAFE',
      /not a folder/,
    ],
    [[{ name: './', type: 'symlink', linkname: '/' }], 'ERR_IMAGE_UNSAFE', /root folder/],
    [[{ name: '.wh.' }], 'ERR_IMAGE_UNSAFE', /names nothing/],
    [[{ name: 'x'.repeat(256), content: '' }], 'ERR_IMAGE_UNSAFE', /longer than 255/],
  ];
  for (const [entries, code, message] of cases) {
    await t.throwsAsync(convert(dir, await makeTar(entries)), { code, message }, String(message));
  }
});

test('limits hold for entries and bytes', async (t) => {
  const dir = await workDir(t);
  const tar = await makeTar([
    { name: 'a', content: '' },
    { name: 'b', content: 'x'.repeat(100_000) },
  ]);
  await t.throwsAsync(convert(dir, tar, { limits: { bytes: 1e9, entries: 1 } }), {
    code: 'ERR_IMAGE_UNSAFE',
    message: /1 entries/,
  });
  await t.throwsAsync(convert(dir, tar, { limits: { bytes: 50_000, entries: 9 } }), {
    code: 'ERR_IMAGE_UNSAFE',
    message: /unpacks to/,
  });
});

test('damage of every kind is found, and mkfs.erofs does not survive it', async (t) => {
  const dir = await workDir(t);
  const tar = await makeTar([{ name: 'a', content: 'x'.repeat(500_000) }]);
  const gzip = gzipSync(tar);
  const turned = Buffer.from(tar);
  turned[100_000] = 0;
  const cases: [string, Buffer, Buffer][] = [
    ['cut gzip', tar, gzip.subarray(0, gzip.length / 2)],
    [
      'gzip with a turned bit',
      tar,
      Buffer.concat([gzip.subarray(0, 200), Buffer.from([0, 1, 2, 3]), gzip.subarray(204)]),
    ],
    ['other content', tar, turned],
    ['cut tar', tar.subarray(0, 300_000), tar.subarray(0, 300_000)],
    ['no tar', Buffer.alloc(5000, 'no tar'), Buffer.alloc(5000, 'no tar')],
    ['broken zstd', tar, Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(100, 7)])],
  ];
  for (const [title, promised, blobBytes] of cases) {
    // A digest that differs from the diffId, so that the tar itself is hashed.
    await t.throwsAsync(
      convert(dir, promised, { blobBytes, digest: 'sha256:none' }),
      { code: 'ERR_IMAGE_CORRUPT' },
      title,
    );
  }
  // Status 1: no matches.
  await t.throwsAsync(run('pgrep', ['-f', `mkfs.erofs.*${dir}`]), { code: 1 as never });
});

test('xz is refused with the remedy', async (t) => {
  const dir = await workDir(t);
  const blobBytes = Buffer.from('fd377a585a000000', 'hex');
  await t.throwsAsync(convert(dir, Buffer.alloc(0), { blobBytes }), {
    code: 'ERR_IMAGE_UNSUPPORTED',
    message: /gzip or zstd/,
  });
});

/** The largest part of `work`'s time for which the event loop was blocked without a break. */
async function blockedPart(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  let last = begun;
  let longestMs = 0;
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }, 5);
  await work();
  clearInterval(timer);
  return longestMs / (performance.now() - begun);
}

test('an aborted conversion ends, and the event loop stays free while one runs', async (t) => {
  const dir = await workDir(t);
  const tar = await makeTar([{ name: 'big', content: Buffer.alloc(64 * 1024 * 1024, 1) }]);
  const blobBytes = gzipSync(tar, { level: 1 });
  const stop = new AbortController();
  const aborted = convert(dir, tar, { blobBytes, signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await t.throwsAsync(aborted, { code: 'ERR_IMAGE_ABORTED' });

  // A relative bound, since a busy machine slows everything down and may stall once.
  let most = 1;
  for (let tries = 0; tries < 3 && most >= 0.5; tries++) {
    most = Math.min(most, await blockedPart(() => convert(dir, tar, { blobBytes })));
  }
  t.true(most > 0 && most < 0.5, `It was blocked for ${most * 100} % of the time`);
  t.deepEqual((await readdir(dir)).sort(), ['blob', 'out.erofs']);
});

test('extended attributes arrive', async (t) => {
  const dir = await workDir(t);
  // tar-stream's typings for `pax` allow no records of other vendors; at run time it writes them.
  const entry = { name: 'f', content: 'x', pax: { 'SCHILY.xattr.user.thaw': 'yes' } };
  await convert(dir, await makeTar([entry]));
  const { stdout } = await run('dump.erofs', ['--path=/f', join(dir, 'out.erofs')]);
  t.notRegex(stdout, /Xattr size: 0/);
});
