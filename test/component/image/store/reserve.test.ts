// SPDX-License-Identifier: Apache-2.0
// An image that would take the disk's reserve is refused, also in the middle of its pull, and nothing of it is left.

import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { DiskReserve } from '../../../../toolstack/disk/index.js';
import { ImageStore } from '../../../../toolstack/image/index.js';
import { fakeDisks } from '../../../support/disk/fake-disks.js';
import { archiveOf, imageStore } from '../../../support/image/store.js';
import { makeTar } from '../../../support/image/oci-image.js';

const run = promisify(execFile);
const MIB = 2 ** 20;
const REFUSED = { code: 'ERR_DISK_RESERVE' };

/** A store on a disk that the test fills by a word. */
async function onDisk(t: ExecutionContext) {
  const disk = { path: '/', freeBytes: 500 * MIB, totalBytes: 1000 * MIB };
  const calls = fakeDisks([disk]);
  const reserve = new DiskReserve({
    folders: [{ path: '/', holds: 'images' }],
    setting: { bytes: 100 * MIB },
    calls,
    lookMs: 5,
  });
  return { disk, ...(await imageStore(t, { reserve })) };
}

const nothing = async (t: ExecutionContext, root: string): Promise<void> => {
  for (const name of ['tmp', 'layers', 'images', 'blobs'])
    t.deepEqual(await readdir(join(root, name)), [], name);
};

test('without room no pull and no load begins, but an image that is there is used', async (t) => {
  const { disk, root, store, archive } = await onDisk(t);
  const path = await archive('a.tar', [{ name: 'file', content: 'text' }]);
  disk.freeBytes = 99 * MIB;
  await t.throwsAsync(store.pull(`oci-archive:${path}`), {
    ...REFUSED,
    message: /^Cannot pull ".*a\.tar": 99 MiB are free on the file system of \/, and 100 MiB stay/,
  });
  await t.throwsAsync(store.load(path), REFUSED);
  await nothing(t, root);
  disk.freeBytes = 500 * MIB;
  const { id } = await store.pull(`oci-archive:${path}`);
  disk.freeBytes = 0;
  t.is((await store.pull(`oci-archive:${path}`)).id, id);
  t.is((await store.resolve(`oci-archive:${path}`)).id, id);
});

for (const [what, step] of [
  ['copied', 'Copying'],
  ['converted', 'Converting'],
] as const)
  test(`a pull that reaches the reserve while it is ${what} is ended`, async (t) => {
    const { disk, dir, root, store } = await onDisk(t);
    const { stdout: noise } = await run('head', ['-c', String(32 * MIB), '/dev/urandom'], {
      encoding: 'buffer',
      maxBuffer: 64 * MIB,
    });
    const layers = [{ tar: await makeTar([{ name: 'noise', content: noise }]) }];
    const path = await archiveOf(dir, 'big.tar', { layers });
    const onProgress = ({ text }: { text: string }): void => {
      if (text.startsWith(step)) disk.freeBytes = 50 * MIB;
    };
    await t.throwsAsync(store.pull(`oci-archive:${path}`, { onProgress }), REFUSED);
    await nothing(t, root);
    disk.freeBytes = 500 * MIB;
    t.is((await store.pull(`oci-archive:${path}`)).layers.length, 1, 'the next one is whole');
  });

test('no image is saved to a disk without room, or made there of a container', async (t) => {
  const { disk, dir, root, store, archive } = await onDisk(t);
  const path = await archive('a.tar', [{ name: 'file', content: 'text' }]);
  const { id } = await store.pull(`oci-archive:${path}`);
  disk.freeBytes = 0;
  const save = { path: join(dir, 'saved'), format: 'oci-archive', title: 'saved' } as const;
  await t.throwsAsync(store.save(id, save), REFUSED);
  const layer = { author: '', comment: '', createdBy: '', process: (c: object) => c };
  const writeLayer = () => Promise.reject(new Error('It was asked'));
  await t.throwsAsync(store.commit(id, [], { ...layer, writeLayer } as never), REFUSED);
  t.false((await readdir(dir)).includes('saved'));
  t.deepEqual(await readdir(join(root, 'tmp')), []);
});

test('a real disk keeps its reserve', async (t) => {
  const { dir } = await imageStore(t);
  const root = join(dir, 'small');
  await mkdir(root);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', root]);
  t.teardown(() => run('umount', [root]));
  const folders = [{ path: root, holds: 'images' }];
  const reserve = new DiskReserve({ folders, setting: { bytes: 56 * MIB }, lookMs: 1 });
  const store = await ImageStore.open({ root, log: silentLog(), reserve });
  const big = { name: 'big', content: Buffer.alloc(40 * MIB, 3) };
  const layers = [{ tar: await makeTar([big]), compression: 'none' as const }];
  const path = await archiveOf(dir, 'big.tar', { layers });
  const message = /Cannot pull .*MiB are free on the file system of .*small, and 56 MiB stay free/;
  await t.throwsAsync(store.pull(`oci-archive:${path}`), { ...REFUSED, message });
  await nothing(t, root);
});
