// SPDX-License-Identifier: Apache-2.0
// Small images go into the guest's memory, large ones become its disks.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Undo } from '../../../../toolstack/base/undo.js';
import {
  disksOf,
  goIntoMemory,
  memoryToMount,
  prepareLayers,
} from '../../../../toolstack/sandbox/boot/layers.js';
import type { LoopDevices } from '../../../../toolstack/xen/loop.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

const MIB = 2 ** 20;

test('an image goes into memory when it is small, also for the memory there is', (t) => {
  t.true(goIntoMemory([5 * MIB], 256 * 1024));
  t.true(goIntoMemory([4 * MIB, 4 * MIB], 256 * 1024));
  t.false(goIntoMemory([4 * MIB, 4 * MIB + 1], 256 * 1024));
  t.true(goIntoMemory([4 * MIB], 64 * 1024));
  t.false(goIntoMemory([4 * MIB + 1], 64 * 1024));
});

test('more layers than the agent takes become disks', (t) => {
  t.true(goIntoMemory(Array<number>(64).fill(4096), 256 * 1024));
  t.false(goIntoMemory(Array<number>(65).fill(4096), 256 * 1024));
});

function recordOf(inMemory: boolean) {
  return { ...containerRecord().sandbox, layers: ['/l/a.erofs', '/l/b.erofs'], inMemory };
}

test('layers in memory need no loop device, and have numbers', async (t) => {
  const none = new Proxy({}, { get: () => t.fail('no loop device is wanted') });
  const undo = new Undo(silentLog());
  const layers = await prepareLayers(none as LoopDevices, recordOf(true), undo);
  t.deepEqual(layers, { guestNames: ['layer-1', 'layer-2'], devices: [] });
  t.deepEqual(disksOf(recordOf(true)), []);
});

test('a writable layer on a disk takes a section of memory more to mount', async (t) => {
  const onDisks = recordOf(false);
  const disk = { path: '/c/upper.ext4', bytes: MIB };
  t.is((await memoryToMount({ ...onDisks, disk })) - (await memoryToMount(onDisks)), 8 * 1024);
  t.is(await memoryToMount({ ...onDisks, layers: [], disk }), 0, 'it was frozen with the guest');
  const files = [{ path: '/bundle/rootfs', readOnly: false }];
  t.true(
    (await memoryToMount({ ...onDisks, layers: [], files })) > 8 * 1024,
    'its rings want memory',
  );
});

test('a disk that cannot be made gives back those before it', async (t) => {
  const held: string[] = [];
  const loops = {
    acquire: (path: string) => {
      held.push(path);
      return Promise.resolve('/dev/null');
    },
    release: (path: string) => Promise.resolve(void held.splice(held.indexOf(path), 1)),
  } as unknown as LoopDevices;
  const failing = Undo.guard(silentLog(), (undo) => prepareLayers(loops, recordOf(false), undo));
  await t.throwsAsync(failing, { code: 'ERR_XEN_VBD' });
  t.deepEqual(held, []);
  t.deepEqual(disksOf(recordOf(false)), ['/l/a.erofs', '/l/b.erofs']);
});
