// SPDX-License-Identifier: Apache-2.0
// A guest's growth on each filesystem: blocks of its disks, and writes of its shim.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Growth, growthCalls } from '../../../../toolstack/runtime/disk-watch/growth.js';
import type { DiskGuest } from '../../../../toolstack/runtime/disk-watch/guest.js';

const MIB = 2 ** 20;

function given() {
  const sizes = new Map<string, number>();
  const written = new Map<number, number>();
  const calls = {
    occupied: (path: string) => {
      const bytes = sizes.get(path);
      return Promise.resolve(bytes === undefined ? undefined : { device: 1, bytes });
    },
    deviceOf: (folder: string) => Promise.resolve(folder === '/gone' ? undefined : 2),
    written: () => Promise.resolve(written),
  };
  const guest = (key: string, domid: number, folders: string[] = []): DiskGuest => ({
    key,
    label: key,
    domid,
    runs: true,
    diskPause: undefined,
    files: [`/${key}`],
    folders,
    hold: () => Promise.resolve(true),
    release: () => Promise.resolve(true),
  });
  return { sizes, written, growth: new Growth(calls), guest };
}

test('a steady writer has its own rate after a while, a burst counts as part of it', async (t) => {
  const { sizes, growth, guest } = given();
  const guests = [guest('steady', 7), guest('burst', 8)];
  let rates = await growth.sample(guests, 0);
  t.is(rates.get('steady')?.get(1), undefined, 'nothing is known yet');
  for (let second = 1; second <= 30; second++) {
    sizes.set('/steady', second * MIB);
    sizes.set('/burst', second < 30 ? 0 : 4 * MIB);
    rates = await growth.sample(guests, second * 1000);
  }
  const [steady, burst] = ['steady', 'burst'].map((key) => rates.get(key)?.get(1) ?? 0);
  t.true(Math.abs((steady ?? 0) - MIB) < MIB / 20, `${steady}`);
  t.true((burst ?? 0) < MIB, `${burst}`);
});

test('one that begins to fill the disk is known at the next look', async (t) => {
  const { sizes, growth, guest } = given();
  sizes.set('/fast', 0);
  await growth.sample([guest('fast', 7)], 0);
  sizes.set('/fast', 250 * MIB);
  const rates = await growth.sample([guest('fast', 7)], 250);
  t.true((rates.get('fast')?.get(1) ?? 0) > 40 * MIB);
});

test('freed blocks are no growth, a removed guest is forgotten, and another clock starts anew', async (t) => {
  const { sizes, growth, guest } = given();
  sizes.set('/one', 100 * MIB);
  await growth.sample([guest('one', 7)], 0);
  sizes.set('/one', 0);
  t.is((await growth.sample([guest('one', 7)], 1000)).get('one')?.get(1), 0);
  t.deepEqual([...(await growth.sample([], 2000)).keys()], []);
  sizes.set('/one', 100 * MIB);
  t.is((await growth.sample([guest('one', 7)], 3000)).get('one')?.size, 0);
  growth.forget();
  t.is((await growth.sample([guest('one', 7)], 4000)).get('one')?.size, 0);
});

test('writes of the shim count on each filesystem that it may write to, once', async (t) => {
  const { written, growth, guest } = given();
  const one = guest('one', 7, ['/logs', '/share', '/gone']);
  written.set(7, 0).set(8, 0);
  await growth.sample([one], 0);
  written.set(7, 10 * MIB).set(8, 900 * MIB);
  const rates = (await growth.sample([one], 5000)).get('one');
  t.deepEqual([...(rates?.keys() ?? [])], [2]);
  t.true(Math.abs((rates?.get(2) ?? 0) - 2 * MIB * (1 - Math.exp(-1))) < 1);
});

test('a real file has the bytes that its blocks occupy', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-growth-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'disk'), Buffer.alloc(8192, 1));
  const calls = growthCalls({
    deviceOf: () => Promise.reject(new Error('gone')),
    written: () => Promise.resolve(new Map()),
  });
  const found = await calls.occupied(join(folder, 'disk'));
  t.true((found?.bytes ?? -1) >= 0 && (found?.device ?? 0) > 0);
  t.is(await calls.occupied(join(folder, 'none')), undefined);
  t.is(await calls.deviceOf('/x'), undefined);
});
