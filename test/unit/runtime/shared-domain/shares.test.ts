// SPDX-License-Identifier: Apache-2.0
// Each container of a pod has its own 9pfs device. A number in use is never assigned again.

import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { MemberShares } from '../../../../toolstack/runtime/shared-domain/shares.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import { attachDevices } from '../../../../toolstack/xen/devices.js';
import { filesDevice, filesDevices } from '../../../../toolstack/xen/files-device.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const DOMID = asDomid(5);

/** `letsGo` is true if the guest unmounts on request. */
async function podFiles(t: ExecutionContext, letsGo = true) {
  const { client } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  const unshared: number[] = [];
  const link = {
    request: () => (letsGo ? Promise.resolve() : Promise.reject(new Error('in use'))),
  };
  // SAFETY: the test uses no other member.
  const sandbox = {
    domid: DOMID,
    agent: () => Promise.resolve(link),
    shim: {
      unshare: async (device: number) => {
        unshared.push(device);
        await client.write(`/local/domain/5/device/9pfs/${device}/state`, '6');
      },
    },
  } as unknown as Sandbox;
  return { files: new MemberShares(host, sandbox), sandbox, host, unshared };
}

test('numbers begin with 1, 0 being that of who has a domain to itself', async (t) => {
  const { files } = await podFiles(t);
  t.is(files.take(), 1);
  files.adopt(3);
  t.deepEqual([files.take(), files.take()], [4, 5]);
});

/** Assigns every number once, so that the first is next if it is free. */
function around(files: MemberShares): number {
  let device = files.take();
  for (; device !== 4095; device = files.take()) void files.give(device, false);
  return files.take();
}

test('what is given back is free again, though not at once, also where the domain is gone', async (t) => {
  const { files, unshared } = await podFiles(t);
  files.take();
  files.take();
  await files.give(1, true);
  t.deepEqual(unshared, [1]);
  t.is(files.take(), 3);
  t.is(around(files), 1);
  await files.give(2, false);
  t.deepEqual(unshared, [1], 'nobody is there to be asked');
  t.is(files.take(), 2);
});

test('a device of which the guest does not let go is nobody else’s', async (t) => {
  const { files, unshared } = await podFiles(t, false);
  files.take();
  await files.give(1, true);
  t.deepEqual(unshared, [1]);
  t.is(around(files), 2);
});

test('a guest that lets go of none is given no more than so many', async (t) => {
  const { files } = await podFiles(t, false);
  for (let count = 0; count < 256; count++) await files.give(files.take(), true);
  t.throws(() => files.take(), { code: 'ERR_POD_STATE', message: /restart its pod/ });
});

test('the server ends also where nobody can ask the guest', async (t) => {
  const { files, sandbox, unshared } = await podFiles(t);
  sandbox.agent = () => Promise.reject(new Error('no channel'));
  await files.give(files.take(), true);
  t.deepEqual(unshared, [1]);
  t.is(around(files), 2, 'its number stays taken');
});

test('what a thawd left that did not come to write down for whom goes', async (t) => {
  const { files, host, unshared } = await podFiles(t);
  await attachDevices(host, DOMID, [filesDevice(1), filesDevice(2)]);
  files.adopt(1);
  const { done } = await files.sweep();
  t.is(files.take(), 3, 'nobody is given it meanwhile');
  await done;
  t.deepEqual(unshared, [2]);
  t.deepEqual(await filesDevices(host, DOMID), [1]);
});
