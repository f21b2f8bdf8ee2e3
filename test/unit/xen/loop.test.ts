// SPDX-License-Identifier: Apache-2.0
// One loop device for each file, shared and counted, over a fake driver.

import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { LoopDriver } from '../../../toolstack/xen/loop-driver.js';
import { LoopDevices } from '../../../toolstack/xen/loop.js';

/** Keeps its devices in `table`; a detach is slow. */
class FakeLoops implements LoopDriver {
  table: { name: string; file: string }[];

  constructor(table: { name: string; file: string }[] = []) {
    this.table = table;
  }

  list() {
    return Promise.resolve([...this.table]);
  }

  readonly writable: string[] = [];

  attach(file: string, writable: boolean) {
    if (writable) this.writable.push(file);
    if (file.includes('broken')) return Promise.reject(new Error('no such file'));
    const name = `/dev/loop${this.table.length}`;
    this.table.push({ name, file });
    return Promise.resolve(name);
  }

  async detach(device: string) {
    await sleep(50);
    this.table = this.table.filter(({ name }) => name !== device);
  }
}

test('a file has one device for all, gone with the last', async (t) => {
  const driver = new FakeLoops();
  const loops = new LoopDevices(driver);
  t.deepEqual(await Promise.all([loops.acquire('/l/a'), loops.acquire('/l/a')]), [
    '/dev/loop0',
    '/dev/loop0',
  ]);
  await loops.release('/l/a');
  t.deepEqual(driver.table, [{ name: '/dev/loop0', file: '/l/a' }]);
  await loops.release('/l/a');
  await loops.release('/l/a');
  t.deepEqual(driver.table, []);
});

test('a device that an earlier thawd left on the file is taken over', async (t) => {
  const driver = new FakeLoops([{ name: '/dev/loop9', file: '/l/a' }]);
  t.is(await new LoopDevices(driver).acquire('/l/a'), '/dev/loop9');
});

test('so is one on a file that was deleted since, which a domain goes on with', async (t) => {
  const driver = new FakeLoops([{ name: '/dev/loop9', file: '/l/broken (deleted)' }]);
  t.is(await new LoopDevices(driver).acquire('/l/broken'), '/dev/loop9');
});

test('a failure has its code and is not kept', async (t) => {
  const loops = new LoopDevices(new FakeLoops());
  await t.throwsAsync(loops.acquire('/l/broken'), { code: 'ERR_XEN_LOOP' });
  await t.throwsAsync(loops.acquire('/l/broken'), { code: 'ERR_XEN_LOOP' });
  await t.notThrowsAsync(loops.release('/l/broken'));
});

test('a writable device is of one domain alone, and waits for the one before to go', async (t) => {
  const driver = new FakeLoops([{ name: '/dev/loop9', file: '/c/upper' }]);
  const loops = new LoopDevices(driver);
  const waiting = loops.acquireWritable('/c/upper');
  await sleep(20);
  t.deepEqual(driver.writable, []);
  driver.table = [];
  t.is(await waiting, '/dev/loop0');
  t.deepEqual(driver.writable, ['/c/upper']);
  await t.throwsAsync(loops.acquireWritable('/c/upper'), { code: 'ERR_XEN_LOOP' });
  await loops.release('/c/upper');
  t.deepEqual(driver.table, []);
});

test('a sweep detaches what nobody holds below a folder, and nothing else', async (t) => {
  const stale = { name: '/dev/loop5', file: '/l/stale' };
  const other = { name: '/dev/loop6', file: '/layers/other' };
  const driver = new FakeLoops([stale, other]);
  const loops = new LoopDevices(driver);
  await loops.acquire('/l/a');
  await loops.sweep('/l');
  t.deepEqual(driver.table, [other, { name: '/dev/loop2', file: '/l/a' }]);
});

test('a file that is acquired while it is released has a device', async (t) => {
  const driver = new FakeLoops();
  const loops = new LoopDevices(driver);
  await loops.acquire('/l/a');
  const [, device] = await Promise.all([loops.release('/l/a'), loops.acquire('/l/a')]);
  t.deepEqual(driver.table, [{ name: device, file: '/l/a' }]);
});
