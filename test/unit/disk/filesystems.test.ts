// SPDX-License-Identifier: Apache-2.0
// thaw's folders are grouped by the filesystem that they are on, also before they exist.

import { tmpdir } from 'node:os';
import test from 'ava';
import { filesystemsOf, kernelDisks, mountOf } from '../../../toolstack/disk/filesystems.js';
import { fakeDisks } from '../../support/disk/fake-disks.js';

test('a filesystem comes once, with all that it holds', async (t) => {
  const calls = fakeDisks(
    [
      { path: '/', freeBytes: 5, totalBytes: 10 },
      { path: '/var/lib/thaw/volumes', freeBytes: 50, totalBytes: 100 },
    ],
    ['/var/lib/thaw/images'],
  );
  const folders = [
    { path: '/var/lib/thaw/containers', holds: 'layers' },
    { path: '/var/lib/thaw/volumes', holds: 'volumes' },
    { path: '/var/lib/thaw/images', holds: 'images' },
  ];
  t.deepEqual(await filesystemsOf(calls, folders), [
    { device: 0, path: '/', holds: ['layers', 'images'], freeBytes: 5, totalBytes: 10 },
    {
      device: 1,
      path: '/var/lib/thaw/volumes',
      holds: ['volumes'],
      freeBytes: 50,
      totalBytes: 100,
    },
  ]);
});

test('the kernel tells of a real folder', async (t) => {
  const mount = await mountOf(kernelDisks, tmpdir());
  t.true(tmpdir().startsWith(mount));
  const { freeBytes, totalBytes } = await kernelDisks.spaceOf(tmpdir());
  t.true(freeBytes > 0 && freeBytes <= totalBytes);
  await t.throwsAsync(kernelDisks.deviceOf('/nonexistent'), { code: 'ENOENT' });
});
