// SPDX-License-Identifier: Apache-2.0
// Volumes outlive thawd. A volume with a size is mounted while it is used. Incomplete volumes are removed.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../toolstack/base/log.js';
import { noReserve, shortageError, type Reserve } from '../../../toolstack/disk/index.js';
import { Volumes } from '../../../toolstack/volume/index.js';
import { fakeDiskTools } from '../../support/runtime/fake-disk-tools.js';

function host(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-volumes-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const tools = fakeDiskTools();
  const open = () =>
    Volumes.open(join(folder, 'volumes'), join(folder, 'mounted'), silentLog(), tools);
  return { folder, tools, open };
}

test('a volume is a folder, and the next thawd has it too', async (t) => {
  const { folder, open } = host(t);
  const volumes = await open();
  await volumes.create({ name: 'data', labels: { team: 'db' } });
  const path = await volumes.ready('data', 'me');
  t.is(path, join(folder, 'volumes/data/_data'));
  t.true(existsSync(path));
  t.like((await open()).find('data'), { name: 'data', labels: { team: 'db' }, isAnonymous: false });
  await t.throwsAsync(volumes.remove('data'), { code: 'ERR_VOLUME_USED' });
  await volumes.release('me');
  await volumes.remove('data');
  t.false(existsSync(join(folder, 'volumes/data')));
  t.deepEqual((await open()).list(), []);
});

test('what a killed thawd mounted is unmounted, also of one that it was still making', async (t) => {
  const { folder, tools, open } = host(t);
  await (await open()).create({ name: 'small', sizeBytes: 2 ** 20 });
  await tools.mount(join(folder, 'volumes/small/disk.ext4'), join(folder, 'mounted/small'));
  await tools.mount(join(folder, 'volumes/half/disk.ext4'), join(folder, 'mounted/half'));
  await (await open()).reconcile();
  t.is(tools.mounted.size, 0);
});

test('one that nobody names gets a name of its own', async (t) => {
  const volumes = await host(t).open();
  const { name, isAnonymous } = await volumes.create({});
  t.regex(name, /^[0-9a-f]{64}$/);
  t.true(isAnonymous);
});

test('a sized one is mounted once it is used, and no longer', async (t) => {
  const { folder, tools, open } = host(t);
  const volumes = await open();
  await volumes.create({ name: 'small', sizeBytes: 2 ** 20 });
  t.is(tools.mounted.size, 0);
  t.is(await volumes.ready('small', 'me'), join(folder, 'mounted/small/_data'));
  t.is(tools.mounted.size, 1);
  await volumes.release('me');
  t.is(tools.mounted.size, 0);
  await volumes.ready('small', 'me');
  // The next container starts while the previous one ends.
  const [, path] = await Promise.all([
    volumes.ready('small', 'next'),
    volumes.ready('small', 'next'),
  ]);
  await volumes.release('me');
  await volumes.release('me');
  t.is(tools.mounted.size, 1);
  t.is(path, join(folder, 'mounted/small/_data'));
  await volumes.release('next');
  t.is(tools.mounted.size, 0);
  volumes.hold('small', 'found');
  await volumes.release('other');
  await volumes.ready('small', 'other');
  await volumes.release('other');
  t.is(tools.mounted.size, 1);
  await volumes.release('found');
  await volumes.remove('small');
  t.is(tools.mounted.size, 0);
});

test('names, sizes and volumes that are there are refused', async (t) => {
  const volumes = await host(t).open();
  await volumes.create({ name: 'data' });
  await t.throwsAsync(volumes.create({ name: 'data' }), { code: 'ERR_VOLUME_EXISTS' });
  for (const name of ['', '.', '..', '-a', 'a/b', 'a b', 'x'.repeat(256)])
    await t.throwsAsync(volumes.create({ name }), { code: 'ERR_VOLUME_NAME' }, name);
  await t.throwsAsync(volumes.create({ name: 'tiny', sizeBytes: 1000 }), { code: 'ERR_USAGE' });
  await t.throwsAsync(volumes.ready('none', 'me'), { code: 'ERR_VOLUME_NOT_FOUND' });
  await t.throwsAsync(volumes.remove('none'), { code: 'ERR_VOLUME_NOT_FOUND' });
  t.deepEqual(
    volumes.list().map(({ name }) => name),
    ['data'],
  );
});

test('of one whose filesystem cannot be made nothing is left', async (t) => {
  const { folder, tools, open } = host(t);
  const volumes = await open();
  tools.fault = new Error('no space');
  await t.throwsAsync(volumes.create({ name: 'small', sizeBytes: 2 ** 20 }), {
    message: 'no space',
  });
  t.false(existsSync(join(folder, 'volumes/small')));
  delete tools.fault;
  await volumes.create({ name: 'small', sizeBytes: 2 ** 20 });
});

test('the rest of one that was being made goes, one that cannot be read stays', async (t) => {
  const { folder, open } = host(t);
  mkdirSync(join(folder, 'volumes/half/_data'), { recursive: true });
  mkdirSync(join(folder, 'volumes/broken'));
  writeFileSync(join(folder, 'volumes/broken/volume.json'), '{');
  t.deepEqual((await open()).list(), []);
  t.false(existsSync(join(folder, 'volumes/half')));
  t.true(existsSync(join(folder, 'volumes/broken')));
});

test('what an earlier thawd mounted and nobody holds is unmounted', async (t) => {
  const { folder, tools, open } = host(t);
  const before = await open();
  for (const name of ['held', 'idle']) {
    await before.create({ name, sizeBytes: 2 ** 20 });
    await before.ready(name, 'me');
  }
  const volumes = await open();
  volumes.hold('held', 'me');
  await volumes.reconcile();
  t.deepEqual([...tools.mounted.values()], [join(folder, 'mounted/held')]);
});

test('one container fills a new volume, and what was half filled is filled anew', async (t) => {
  const { folder, open } = host(t);
  const volumes = await open();
  await volumes.create({ name: 'data' });
  const path = await volumes.ready('data', 'first');
  t.true(await volumes.beginFill('data', 'first'));
  const waiting = volumes.ready('data', 'second').then(() => volumes.beginFill('data', 'second'));
  writeFileSync(join(path, 'part'), '');
  await volumes.filled('data');
  t.false(await waiting);
  t.true(existsSync(join(path, 'part')));
  await volumes.create({ name: 'cut' });
  const cut = await volumes.ready('cut', 'first');
  t.true(await volumes.beginFill('cut', 'first'));
  writeFileSync(join(cut, 'part'), '');
  // Killed here: the next thawd does not mistake the incomplete volume for a complete one.
  const next = await open();
  await next.ready('cut', 'third');
  t.true(await next.beginFill('cut', 'third'));
  t.false(existsSync(join(cut, 'part')));
  await next.release('third');
  await next.ready('cut', 'fourth');
  t.true(await next.beginFill('cut', 'fourth'));
  await next.filled('cut');
  await next.release('fourth');
  await next.ready('cut', 'fifth');
  t.false(await next.beginFill('cut', 'fifth'));
  t.is(join(folder, 'volumes/cut/_data'), cut);
});

test('what somebody has put into a volume is not filled over', async (t) => {
  const volumes = await host(t).open();
  await volumes.create({ name: 'data' });
  const path = await volumes.ready('data', 'me');
  writeFileSync(join(path, 'mine'), '');
  t.false(await volumes.beginFill('data', 'me'));
  t.true(existsSync(join(path, 'mine')));
});

test('a sized one needs room for its file system, a folder needs none', async (t) => {
  const { folder, tools } = host(t);
  const asked: number[] = [];
  const reserve: Reserve = {
    ...noReserve,
    holding: (_folder, action, neededBytes) => {
      asked.push(neededBytes);
      const shortage = { path: '/data', freeBytes: 1, reserveBytes: 2, neededBytes };
      return Promise.reject(shortageError(action, shortage));
    },
  };
  const paths = [join(folder, 'volumes'), join(folder, 'mounted')] as const;
  const volumes = await Volumes.open(...paths, silentLog(), tools, reserve);
  const refused = { code: 'ERR_DISK_RESERVE', message: /^Cannot make volume "sized": it takes/ };
  await t.throwsAsync(volumes.create({ name: 'sized', sizeBytes: 2 ** 30 }), refused);
  t.false(existsSync(join(folder, 'volumes/sized')));
  await volumes.create({ name: 'folder' });
  t.deepEqual(asked, [2 ** 26]);
});

test('a container of a user gets no volume of another, and its new volumes are the user’s', async (t) => {
  const { open } = host(t);
  const volumes = await open();
  await volumes.create({ name: 'roots' });
  await volumes.ensure('alices', 'a', 1000);
  await t.throwsAsync(volumes.ensure('roots', 'a', 1000), { code: 'ERR_VOLUME_OWNER' });
  await t.throwsAsync(volumes.ensure('alices', 'b', 1001), { code: 'ERR_VOLUME_OWNER' });
  await t.notThrowsAsync(volumes.ensure('alices', 'a', 1000));
  // Root's containers may have any.
  await t.notThrowsAsync(volumes.ensure('alices', 'r'));
  t.is((await open()).find('alices').owner, 1000);
});
