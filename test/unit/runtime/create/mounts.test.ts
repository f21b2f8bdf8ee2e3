// SPDX-License-Identifier: Apache-2.0
// Mounts of host files are checked before any resource is created, and a new volume is filled.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { CreateOptions, MountOption } from '../../../../toolstack/api/engine.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { bindsOf, nameVolumes, planMounts } from '../../../../toolstack/runtime/create/mounts.js';
import { Volumes } from '../../../../toolstack/volume/index.js';
import { fakeDiskTools } from '../../../support/runtime/fake-disk-tools.js';

async function host(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-mounts-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const volumes = await Volumes.open(
    ...([join(folder, 'volumes'), join(folder, 'mounted'), silentLog()] as const),
    fakeDiskTools(),
  );
  return { folder, volumes };
}

const wish = (change: Partial<MountOption>): MountOption => ({
  type: 'volume',
  source: '',
  destination: '/data',
  readOnly: false,
  options: [],
  ...change,
});
const options = (mounts: MountOption[], tmpfs: CreateOptions['tmpfs'] = []) =>
  ({ mounts, tmpfs }) as unknown as CreateOptions;

test('volumes are made as they are wanted, and get their names', async (t) => {
  const { volumes } = await host(t);
  const wishes = [wish({ source: 'db' }), wish({ destination: '/other' })];
  const made: string[] = [];
  const mounts = await nameVolumes(volumes, options(wishes), 'me', made);
  t.is(mounts[0]?.source, 'db');
  t.deepEqual(made, [mounts[1]?.source]);
  t.is(volumes.list().length, 2);
  t.deepEqual(await nameVolumes(volumes, options(mounts), 'me', []), mounts);
  t.true(volumes.isHeld('db'));
});

test('where one wish cannot be fulfilled nothing is made', async (t) => {
  const { volumes, folder } = await host(t);
  const bad: [MountOption[], CreateOptions['tmpfs'], string][] = [
    [
      [wish({}), wish({ type: 'bind', source: '/no/such', destination: '/b' })],
      [],
      'ERR_MOUNT_PATH',
    ],
    [
      [wish({}), wish({ type: 'bind', source: '/dev/null', destination: '/b' })],
      [],
      'ERR_MOUNT_PATH',
    ],
    [[wish({}), wish({ source: 'x' })], [], 'ERR_USAGE'],
    [[wish({})], [{ path: '/data', options: [] }], 'ERR_USAGE'],
    [Array.from({ length: 65 }, (_, i) => wish({ destination: `/${i}` })), [], 'ERR_USAGE'],
  ];
  for (const [mounts, tmpfs, code] of bad)
    await t.throwsAsync(nameVolumes(volumes, options(mounts, tmpfs), 'me', []), { code });
  t.deepEqual(volumes.list(), []);
  const there = wish({ type: 'bind', source: folder });
  t.deepEqual(await nameVolumes(volumes, options([there]), 'me', []), [there]);
});

test('the guest gets them in this order; an empty volume is filled, if the guest may write to it', async (t) => {
  const { volumes, folder } = await host(t);
  const full = (await volumes.create({ name: 'full' })).name;
  writeFileSync(join(await volumes.ready(full, 'me'), 'file'), '');
  mkdirSync(join(folder, 'src'));
  const mounts = await nameVolumes(
    volumes,
    options([
      wish({
        type: 'bind',
        source: join(folder, 'src'),
        destination: '/src',
        readOnly: true,
        options: ['noexec'],
      }),
      wish({ source: full, destination: '/full', readOnly: true }),
      wish({ source: 'new', destination: '/new', options: ['rslave'] }),
      wish({ source: 'newer', destination: '/newer', readOnly: true }),
      wish({ source: 'bare', destination: '/bare', noCopy: true }),
    ]),
    'me',
    [],
  );
  const files = await planMounts(volumes, mounts, 'me');
  const binds = bindsOf(mounts);
  t.deepEqual(
    files.map(({ readOnly, fillFrom, isSlave }) => [readOnly, fillFrom, isSlave]),
    [
      [true, undefined, undefined],
      [true, undefined, undefined],
      [false, '/new', true],
      [true, undefined, undefined],
      [false, undefined, undefined],
    ],
  );
  t.deepEqual(binds[0], {
    destination: '/src',
    source: '/run/thaw/files/thaw/0',
    options: ['rbind', 'rprivate', 'ro', 'nosuid', 'nodev', 'noexec'],
  });
  t.deepEqual(binds[2]?.options, ['rbind', 'rslave', 'rw', 'nosuid', 'nodev']);
  t.is(bindsOf(mounts, 3)[4]?.source, '/run/thaw/files/thaw-3/4');
  t.deepEqual(bindsOf(), []);
});

test('a path that went away meanwhile is an error of the next start', async (t) => {
  const { volumes, folder } = await host(t);
  const gone = wish({ type: 'bind', source: join(folder, 'gone') });
  await t.throwsAsync(planMounts(volumes, [gone], 'me'), { code: 'ERR_MOUNT_PATH' });
});
