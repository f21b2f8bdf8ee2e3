// SPDX-License-Identifier: Apache-2.0
// A 9pfs device announces itself as a waiting back end, and accepts only numbers in the guest's description of its rings.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { attachDevices } from '../../../toolstack/xen/devices.js';
import {
  filesDevice,
  filesDevices,
  filesRings,
  filesServed,
} from '../../../toolstack/xen/files-device.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const DOMID = asDomid(7);
const BACKEND = '/local/domain/0/backend/9pfs/7/0';
const FRONTEND = '/local/domain/7/device/9pfs/0';

test('the guest is told two rings of 64 pages, and learns that they are served', async (t) => {
  const { client } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  await attachDevices(host, DOMID, [filesDevice(0)]);
  const read = (name: string) => client.read(`${BACKEND}/${name}`);
  t.deepEqual(
    await Promise.all(['state', 'versions', 'max-rings', 'max-ring-page-order'].map(read)),
    ['2', '1', '2', '6'],
  );
  t.is(await client.read(`${FRONTEND}/tag`), 'thaw');
  await filesServed(host, DOMID, 0);
  t.is(await read('state'), '4');
});

test('rings are read once the guest has made them', async (t) => {
  const { client } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  const reading = filesRings(host, DOMID, 0);
  const nodes = {
    'ring-ref0': '8',
    'event-channel-0': '3',
    'ring-ref1': '9',
    'event-channel-1': '4',
  };
  for (const [name, value] of Object.entries(nodes))
    await client.write(`${FRONTEND}/${name}`, value);
  await client.write(`${FRONTEND}/state`, '3');
  t.deepEqual(await reading, [
    { ref: 8, port: 3 },
    { ref: 9, port: 4 },
  ]);
  for (const wrong of ['', '-1', '4294967296', '8; rm', '1e3']) {
    await client.write(`${FRONTEND}/ring-ref1`, wrong);
    await t.throwsAsync(filesRings(host, DOMID, 0), { code: 'ERR_XEN_FILES' }, wrong);
  }
});

test('each of several has a tag and a state of its own', async (t) => {
  const { client } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  t.deepEqual(await filesDevices(host, DOMID), []);
  await attachDevices(host, DOMID, [filesDevice(0), filesDevice(2)]);
  t.deepEqual((await filesDevices(host, DOMID)).sort(), [0, 2]);
  t.is(await client.read('/local/domain/7/device/9pfs/2/tag'), 'thaw-2');
  await filesServed(host, DOMID, 2);
  t.is(await client.read(`${BACKEND}/state`), '2');
  t.is(await client.read('/local/domain/0/backend/9pfs/7/2/state'), '4');
});
