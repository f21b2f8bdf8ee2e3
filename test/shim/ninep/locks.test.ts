// SPDX-License-Identifier: Apache-2.0
// A guest's locks hold against other guests and the host, also when its processes share and split them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { NinepClient, scratch } from '../../support/ninep/client.js';

const [SHARED, EXCLUSIVE, NONE] = [0, 1, 2];

/** Two guests with one file, each with two fids that have it open. */
async function guests(t: ExecutionContext): Promise<{
  dir: string;
  one: NinepClient;
  two: NinepClient;
  a: number;
  b: number;
  other: number;
}> {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x'.repeat(1000));
  const [one, two] = [await NinepClient.start(t, dir), await NinepClient.start(t, dir)];
  const [rootOne, rootTwo] = [await one.attach(), await two.attach()];
  const open = async (client: NinepClient, root: number): Promise<number> =>
    client.lopen(await client.walk(root, 'file'), 2);
  const [a, b] = [await open(one, rootOne), await open(one, rootOne)];
  return { dir, one, two, a, b, other: await open(two, rootTwo) };
}

/** The locks that another guest meets on bytes 0 to 99, in tens: `.` free, `r` shared, `w` exclusive. */
async function seen(client: NinepClient, fid: number): Promise<string> {
  let map = '';
  for (let at = 0; at < 100; at += 10) {
    if (await client.lock(fid, EXCLUSIVE, at, 10, 99)) map += '.';
    else map += (await client.lock(fid, SHARED, at, 10, 99)) ? 'r' : 'w';
    await client.lock(fid, NONE, at, 10, 99);
  }
  return map;
}

test('an exclusive lock keeps others out until it is given up', async (t) => {
  const { one, two, a, other } = await guests(t);
  t.true(await one.lock(a, EXCLUSIVE));
  t.false(await two.lock(other, EXCLUSIVE));
  t.false(await two.lock(other, SHARED, 500, 1));
  t.true(await one.lock(a, NONE));
  t.true(await two.lock(other, EXCLUSIVE));
  t.false(await one.lock(a, SHARED));
});

test('shared locks go together; one becomes exclusive only when it is alone', async (t) => {
  const { one, two, a, other } = await guests(t);
  t.true(await one.lock(a, SHARED));
  t.true(await two.lock(other, SHARED));
  t.false(await one.lock(a, EXCLUSIVE));
  t.true(await two.lock(other, NONE));
  t.true(await one.lock(a, EXCLUSIVE));
  t.true(await one.lock(a, SHARED));
  t.true(await two.lock(other, SHARED));
});

test('ranges: set, split, changed in the middle, given up in parts', async (t) => {
  const { one, two, a, other } = await guests(t);
  await one.lock(a, EXCLUSIVE, 0, 60);
  t.is(await seen(two, other), 'wwwwww....');
  await one.lock(a, NONE, 20, 10);
  t.is(await seen(two, other), 'ww.www....');
  await one.lock(a, SHARED, 40, 30);
  t.is(await seen(two, other), 'ww.wrrr...');
  await one.lock(a, EXCLUSIVE, 10, 40);
  t.is(await seen(two, other), 'wwwwwrr...');
  await one.lock(a, NONE, 0, 0);
  t.is(await seen(two, other), '..........');
  await one.lock(a, EXCLUSIVE, 50, 0);
  t.is(await seen(two, other), '.....wwwww');
  t.false(await two.lock(other, SHARED, 2 ** 50, 1));
  await one.lock(a, NONE, 60, 0);
  t.is(await seen(two, other), '.....w....');
  t.true(await two.lock(other, SHARED, 2 ** 50, 1));
});

test('what one process gives up another keeps, whether through one fid or two', async (t) => {
  const { one, two, a, b, other } = await guests(t);
  await one.lock(a, SHARED, 0, 50, 1);
  await one.lock(a, SHARED, 20, 50, 2);
  await one.lock(b, SHARED, 40, 50, 3);
  t.is(await seen(two, other), 'rrrrrrrrr.');
  await one.lock(a, NONE, 0, 0, 1);
  t.is(await seen(two, other), '..rrrrrrr.');
  // A forked child does this when it closes its inherited descriptors.
  await one.lock(a, NONE, 0, 0, 4);
  t.is(await seen(two, other), '..rrrrrrr.');
  await one.lock(b, NONE, 0, 0, 3);
  t.is(await seen(two, other), '..rrrrr...');
  await one.lock(a, NONE, 30, 10, 2);
  t.is(await seen(two, other), '..r.rrr...');
});

test('locks of a fid go with it, and those of others stay', async (t) => {
  const { one, two, a, b, other } = await guests(t);
  await one.lock(a, EXCLUSIVE, 0, 30, 1);
  await one.lock(a, SHARED, 50, 20, 2);
  await one.lock(b, SHARED, 60, 30, 1);
  t.is(await seen(two, other), 'www..rrrr.');
  await one.clunk(a);
  t.is(await seen(two, other), '......rrr.');
  await one.clunk(b);
  t.is(await seen(two, other), '..........');
});

test("the guest's kernel is believed about its own processes", async (t) => {
  const { one, two, a, b, other } = await guests(t);
  await one.lock(a, EXCLUSIVE, 0, 50, 1);
  // The first process gave the lock up: its unlock comes later.
  t.true(await one.lock(b, SHARED, 20, 10, 2));
  t.is(await seen(two, other), 'wwrww.....');
  await one.lock(a, NONE, 0, 0, 1);
  t.is(await seen(two, other), '..r.......');
});

test('a guest that goes leaves no lock', async (t) => {
  const { one, two, a, other } = await guests(t);
  await one.lock(a, EXCLUSIVE);
  t.false(await two.lock(other, EXCLUSIVE));
  await one.close();
  t.true(await two.lock(other, EXCLUSIVE));
  await two.version();
});

test('a Tversion leaves no lock', async (t) => {
  const { one, two, a, other } = await guests(t);
  await one.lock(a, EXCLUSIVE);
  await one.version();
  t.true(await two.lock(other, EXCLUSIVE));
});

test('an unlock that the host fails is tried again, although its fid is gone', async (t) => {
  const { dir, two, other } = await guests(t);
  writeFileSync(join(dir, 'second'), 'x');
  const client = await NinepClient.start(t, dir, { fewFids: true, failingUnlocks: 3 });
  const root = await client.attach();
  const open = async (name: string): Promise<number> =>
    client.lopen(await client.walk(root, name), 2);
  const [a, b, c] = [await open('file'), await open('file'), await open('second')];
  await client.lock(a, EXCLUSIVE, 0, 10);
  await client.lock(b, EXCLUSIVE, 30, 10);
  await client.lock(b, EXCLUSIVE, 50, 10);
  t.is(await seen(two, other), 'w..w.w....');
  await t.throwsAsync(client.lock(b, NONE, 30, 10), { code: 'EIO' });
  // Two more fail: of the fid that goes, and of the next attempt.
  await client.clunk(a);
  t.is(await seen(two, other), 'w..w.w....');
  await client.lock(c, SHARED, 0, 1);
  t.is(await seen(two, other), '.....w....');
});

test('what is in the way is told, and only what others have', async (t) => {
  const { one, two, a, b, other } = await guests(t);
  await one.lock(a, EXCLUSIVE, 10, 5);
  await one.lock(a, SHARED, 50, 0);
  t.deepEqual(await two.getlock(other, EXCLUSIVE), [EXCLUSIVE, 10, 5]);
  t.deepEqual(await two.getlock(other, SHARED, 12, 1), [EXCLUSIVE, 10, 5]);
  t.deepEqual(await two.getlock(other, SHARED, 50, 0), [NONE, 50, 0]);
  t.deepEqual(await two.getlock(other, EXCLUSIVE, 60, 1), [SHARED, 50, 0]);
  // Linux sends a query without a type.
  t.deepEqual(await two.getlock(other, NONE, 60, 1), [SHARED, 50, 0]);
  t.deepEqual(await two.getlock(other, EXCLUSIVE, 20, 10), [NONE, 20, 10]);
  t.deepEqual(await one.getlock(b, EXCLUSIVE), [NONE, 0, 0]);
  await two.lock(other, SHARED, 60, 10);
  t.deepEqual(await one.getlock(b, EXCLUSIVE), [SHARED, 60, 10]);
});

test('locks hold against the host and the other way round', async (t) => {
  const { dir, one, a } = await guests(t);
  const script = `use Fcntl qw(:DEFAULT); open my $f, '+<', $ARGV[0] or die;
    my $l = pack 's s x4 l! l! i x4', F_WRLCK, 0, 0, 0, 0;
    exit 9 unless fcntl $f, F_SETLK, $l; $| = 1; print "locked\\n"; <STDIN>;`;
  const host = spawn('perl', ['-e', script, join(dir, 'file')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => host.kill('SIGKILL'));
  await once(host.stdout, 'data');
  t.false(await one.lock(a, SHARED));
  t.is((await one.getlock(a, SHARED))[0], EXCLUSIVE);
  const ended = once(host, 'exit');
  host.stdin.end('\n');
  await ended;
  t.true(await one.lock(a, SHARED));
  const second = spawn('perl', ['-e', script, join(dir, 'file')], { stdio: 'ignore' });
  t.deepEqual(await once(second, 'exit'), [9, null]);
});

test('only a file that is open can be locked, with numbers that make sense', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), '');
  mkdirSync(join(dir, 'folder'));
  symlinkSync('file', join(dir, 'link'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.walk(root, 'file');
  await t.throwsAsync(client.lock(file, SHARED), { code: 'EBADF' });
  await t.throwsAsync(client.getlock(file, SHARED), { code: 'EBADF' });
  await t.throwsAsync(client.lock(await client.walk(root, 'link'), SHARED), { code: 'EBADF' });
  const folder = await client.lopen(await client.walk(root, 'folder'));
  await t.throwsAsync(client.lock(folder, SHARED), { code: 'EINVAL' });
  await client.lopen(file);
  await t.throwsAsync(client.lock(file, 3), { code: 'EINVAL' });
  await t.throwsAsync(client.getlock(file, 3), { code: 'EINVAL' });
  for (const [start, length] of [
    [2 ** 63, 1],
    [2 ** 63, 0],
    [1, 2 ** 63],
    [2 ** 62, 2 ** 63 - 2048],
  ] as const) {
    await t.throwsAsync(client.lock(file, SHARED, start, length), { code: 'EINVAL' });
    await t.throwsAsync(client.getlock(file, SHARED, start, length), { code: 'EINVAL' });
  }
  t.true(await client.lock(file, SHARED, 0, 2 ** 63));
  t.true(await client.lock(file, NONE, 0, 2 ** 63));
  t.true(await client.lock(file, NONE, 5, 5));
  // Opened for reading and locked exclusively, as flock allows.
  t.true(await client.lock(file, EXCLUSIVE));
});

test('a file that cannot be written is locked for reading only', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'data'));
  mkdirSync(join(dir, 'export'));
  writeFileSync(join(dir, 'data/file'), 'x');
  const client = await NinepClient.start(t, join(dir, 'export'), {
    prefix: [
      'unshare',
      '-m',
      'sh',
      '-c',
      'cd "$0" && mount --bind -o ro data export && exec "$@"',
      dir,
    ],
  });
  const file = await client.lopen(await client.walk(await client.attach(), 'file'));
  t.true(await client.lock(file, SHARED));
  await t.throwsAsync(client.lock(file, EXCLUSIVE), { code: 'ENOLCK' });
  const host = await NinepClient.start(t, join(dir, 'data'));
  const other = await host.lopen(await host.walk(await host.attach(), 'file'), 2);
  t.false(await host.lock(other, EXCLUSIVE));
  await client.clunk(file);
  t.true(await host.lock(other, EXCLUSIVE));
});

test('ranges are bounded, and can always be given up', async (t) => {
  const { one, two, a, other } = await guests(t);
  for (let i = 0; i < 4096; i++) t.true(await one.lock(a, SHARED, 2 * i, 1));
  await t.throwsAsync(one.lock(a, SHARED, 10_000, 1), { code: 'ENOLCK' });
  t.false(await two.lock(other, EXCLUSIVE, 8190, 1));
  await one.lock(a, NONE, 8190, 1);
  t.true(await one.lock(a, SHARED, 10_000, 100));
  // The unlock would split the range into two.
  await t.throwsAsync(one.lock(a, NONE, 10_050, 1), { code: 'ENOLCK' });
  t.true(await one.lock(a, NONE, 10_000, 50));
  t.true(await one.lock(a, NONE));
  t.true(await two.lock(other, EXCLUSIVE));
});
