// SPDX-License-Identifier: Apache-2.0
// A helper with the caller's rights reads host files: no link, race or slow file gives a user more than the user has.

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkDevice, readAs } from '../../../toolstack/policy/as-caller.js';

const USER = { uid: 4001, gid: 4002, groups: [4003], pid: 1 };

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'thaw-host-files-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  await chmod(path, 0o755);
  return path;
}

async function file(path: string, text: string, mode: number, uid = 0, gid = 0): Promise<string> {
  await writeFile(path, text);
  await chmod(path, mode);
  await chown(path, uid, gid);
  return path;
}

test('files that the user may read, by owner, group and supplementary group', async (t) => {
  const own = await folder(t);
  const path = (name: string) => join(own, name);
  t.is(await readAs(await file(path('o'), 'owner', 0o400, USER.uid), USER), 'owner');
  t.is(await readAs(await file(path('g'), 'group', 0o040, 0, 4002), USER), 'group');
  t.is(await readAs(await file(path('s'), 'more', 0o040, 0, 4003), USER), 'more');
  t.is(await readAs(await file(path('a'), 'all', 0o004), USER), 'all');
});

test('files that the user may not read, by any name', async (t) => {
  const own = await folder(t);
  const secret = await file(join(own, 'secret'), 'secret', 0o600);
  const closed = join(own, 'closed');
  await mkdir(closed, { mode: 0o700 });
  await file(join(closed, 'open'), 'secret', 0o644);
  await symlink(secret, join(own, 'link'));
  for (const path of [
    secret,
    join(own, 'link'),
    join(closed, 'open'),
    `${own}/x/../secret`,
    `/proc/self/root${secret}`,
    `/proc/${process.pid}/environ`,
    `/proc/${process.pid}/root${secret}`,
    '/etc/shadow',
    join(own, 'none'),
    own,
  ])
    await t.throwsAsync(readAs(path, USER), { message: /denied|No such|directory/ }, path);
});

test('a link that changes under the read never shows root’s file', async (t) => {
  const own = await folder(t);
  const secret = await file(join(own, 'secret'), 'secret', 0o600);
  const open = await file(join(own, 'open'), 'open', 0o644);
  await symlink(open, join(own, 'link'));
  let turns = 0;
  const swapping = (async () => {
    for (; turns < 2000; turns++) {
      await symlink(turns % 2 === 0 ? secret : open, join(own, 'next'));
      await rename(join(own, 'next'), join(own, 'link'));
    }
  })();
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++)
    seen.add(await readAs(join(own, 'link'), USER).catch(() => 'refused'));
  turns = Infinity;
  await swapping;
  seen.delete('open');
  seen.delete('refused');
  t.deepEqual([...seen], []);
});

test('a long file, an endless one, and one that never answers', async (t) => {
  const own = await folder(t);
  const long = await file(join(own, 'long'), 'x'.repeat(2 ** 20 + 1), 0o644);
  await t.throwsAsync(readAs(long, USER), { message: /more than 1048576 bytes/ });
  await t.throwsAsync(readAs('/dev/zero', USER), { message: /more than/ });
  const fifo = join(own, 'fifo');
  execFileSync('mkfifo', ['-m', '0644', fifo]);
  const gone = new AbortController();
  setTimeout(() => gone.abort(), 200);
  await t.throwsAsync(readAs(fifo, USER, gone.signal));
});

test('a name that looks like an option is a file', async (t) => {
  const own = await folder(t);
  await t.throwsAsync(readAs(join(own, '--help'), USER), { message: /No such file/ });
});

test('devices: a link, a file, a folder of others, and a device of root’s', async (t) => {
  const own = await folder(t);
  await symlink('/dev/null', join(own, 'link'));
  for (const path of [join(own, 'link'), '/dev/null', '/etc/passwd', '/dev/none', '/dev/../dev/x'])
    await t.throwsAsync(checkDevice(path, 'r', USER), { code: 'ERR_POLICY_DENIED' }, path);
});

test('a block device: root’s folder and the user’s own access decide', async (t) => {
  const own = await folder(t);
  const device = join(own, 'disk');
  try {
    execFileSync('mknod', [device, 'b', '7', '250']);
  } catch {
    return t.log('skipped: this machine lets nobody make device nodes');
  }
  await chown(device, USER.uid, 0);
  await chmod(device, 0o400);
  // The temporary folder is open to all, so another could put another device there.
  await t.throwsAsync(checkDevice(device, 'r', USER), { message: /others than root may change/ });
  return undefined;
});
