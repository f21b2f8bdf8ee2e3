// SPDX-License-Identifier: Apache-2.0
// A copy goes into dom0's memory if that is ample, through a file if it is not, and is refused if dom0 would run short.

import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkRoomForPages, roomForStream } from '../../../../toolstack/sandbox/snapshot/spool.js';
import { noReserve } from '../../../../toolstack/disk/index.js';

async function newFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-room-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'copies');
}

const MIB = 1024;
const has = (mib: number) => () => Promise.resolve(mib * MIB);

test('with twice the memory and some to spare there is no file', async (t) => {
  const folder = await newFolder(t);
  t.is(
    await roomForStream(64 * MIB, { copyFolder: folder, reserve: noReserve }, has(192)),
    undefined,
  );
  await t.throwsAsync(stat(folder), { code: 'ENOENT' });
});

test('with less it is a file that can be written and has no name', async (t) => {
  const folder = await newFolder(t);
  const file = await roomForStream(64 * MIB, { copyFolder: folder, reserve: noReserve }, has(191));
  t.teardown(() => file?.close());
  t.deepEqual(await readdir(folder), []);
  await file?.write('stream');
  t.is((await file?.stat())?.size, 6);
});

test('what dom0 has no memory or disk for is refused with figures', async (t) => {
  const folder = await newFolder(t);
  await t.throwsAsync(
    roomForStream(64 * MIB, { copyFolder: folder, reserve: noReserve }, has(127)),
    {
      code: 'ERR_MEMORY',
      message: /domain of 64 MiB: dom0 has 127 MiB available, and it takes 128 MiB; .*--memory/,
    },
  );
  await t.throwsAsync(
    roomForStream(2 ** 40, { copyFolder: folder, reserve: noReserve }, has(2 ** 30 + 64)),
    {
      code: 'ERR_MEMORY',
      message: /copies [0-9.]+ .iB free, which is too little/,
    },
  );
  await t.throwsAsync(checkRoomForPages(256, has(64)), { code: 'ERR_MEMORY' });
  await t.notThrowsAsync(checkRoomForPages(256, has(65)));
});

test('a folder that cannot be made is an error, not a crash', async (t) => {
  const folder = await newFolder(t);
  await writeFile(folder, '');
  await t.throwsAsync(
    roomForStream(64 * MIB, { copyFolder: folder, reserve: noReserve }, has(191)),
    { code: 'EEXIST' },
  );
});
