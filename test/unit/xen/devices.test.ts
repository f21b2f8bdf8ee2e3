// SPDX-License-Identifier: Apache-2.0
// A device's nodes exist with the right owners, and are removed with its domain.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { destroyDomain } from '../../../toolstack/xen/destroy.js';
import {
  attachDevices,
  deviceNodes,
  libxlDeviceNodes,
  type Device,
} from '../../../toolstack/xen/devices.js';
import { vif } from '../../../toolstack/xen/vif.js';
import { permissions } from '../../../xenstore/index.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const DOMID = asDomid(7);
const BACKEND = '/local/domain/0/backend/vif/7/0';
const FRONTEND = '/local/domain/7/device/vif/0';
const LIBXL = '/libxl/7/device/vif/0';
const DEVICE: Device = vif(0, '00:16:3e:01:02:03');

test('the nodes of a vif are these', (t) => {
  const values = deviceNodes(DOMID, DEVICE).flatMap(({ path, value }) =>
    value === undefined ? [] : [[path, value]],
  );
  const backend = {
    frontend: FRONTEND,
    'frontend-id': '7',
    online: '1',
    state: '1',
    script: '/bin/true',
    mac: '00:16:3e:01:02:03',
    handle: '0',
    type: 'vif',
    'hotplug-status': 'connected',
  };
  const at = (base: string, nodes: Record<string, string>) =>
    Object.entries(nodes).map(([name, value]) => [`${base}/${name}`, value]);
  t.deepEqual(values, [
    ...at(BACKEND, backend),
    ...at(FRONTEND, {
      backend: BACKEND,
      'backend-id': '0',
      state: '1',
      mac: '00:16:3e:01:02:03',
      handle: '0',
      mtu: '1500',
    }),
  ]);
  const records = libxlDeviceNodes(DOMID, DEVICE).map(({ path, value }) => [path, value]);
  t.deepEqual(records, at(LIBXL, { backend: BACKEND, ...backend }));
});

test('the guest may read its back end, owns its front end, and sees nothing of libxl', (t) => {
  const owners = deviceNodes(DOMID, DEVICE).filter((node) => node.permissions !== undefined);
  t.deepEqual(owners, [
    { path: BACKEND, permissions: permissions(0, 'none', { domid: 7, access: 'read' }) },
    { path: FRONTEND, permissions: permissions(7, 'none', { domid: 0, access: 'read' }) },
  ]);
});

test('a folder with permissions is written before what is in it', (t) => {
  const paths = deviceNodes(DOMID, DEVICE).map((node) => node.path);
  for (const base of [BACKEND, FRONTEND])
    t.is(
      paths.findIndex((path) => path.startsWith(base)),
      paths.indexOf(base),
    );
});

test('attached devices are in xenstore, and go with their domain', async (t) => {
  const { client, fake } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  await attachDevices(host, DOMID, [DEVICE]);
  await client.writeAll(libxlDeviceNodes(DOMID, DEVICE));
  t.is(fake.text(`${FRONTEND}/backend`), BACKEND);
  t.is(fake.text(`${LIBXL}/backend`), BACKEND);
  await destroyDomain(host, DOMID, '74686177-0000-8000-a000-000000000001');
  for (const path of [BACKEND, FRONTEND, LIBXL, '/local/domain/0/backend/vif/7'])
    t.is(fake.text(path), undefined, path);
  t.deepEqual(fake.leftovers, { watches: 0, transactions: 0 });
});
