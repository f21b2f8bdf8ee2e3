// SPDX-License-Identifier: Apache-2.0
// Reads records of earlier versions of thaw, which named no driver.

import test from 'ava';
import { readAttachment } from '../../../toolstack/network/attachment.js';
import { readRecord } from '../../../toolstack/network/record.js';

const OLD_NETWORK = {
  name: 'lan',
  bridge: 'thaw1',
  internal: false,
  hasDns: true,
  labels: {},
  created: 5,
  subnets: [{ subnet: '10.1.0.0/16', gateway: '10.1.0.1' }],
};
const OLD_ATTACHMENT = {
  id: 'a1',
  network: 'lan',
  bridge: 'thaw1',
  addresses: [],
  ports: [],
  nameServers: [],
  names: ['web'],
};

test('a network without a driver is a bridge, or of CNI where it has a list of plugins', (t) => {
  t.deepEqual(readRecord(JSON.stringify(OLD_NETWORK)), { ...OLD_NETWORK, driver: 'bridge' });
  const cni = { cniVersion: '1.0.0', name: 'lan', plugins: [{ type: 'bridge' }] };
  const old = { ...OLD_NETWORK, bridge: '', cni };
  t.deepEqual(readRecord(JSON.stringify(old)), { ...old, driver: 'cni' } as object);
});

test('an attachment without a driver is one to a bridge', (t) => {
  const read = readAttachment(OLD_ATTACHMENT);
  t.deepEqual(read, { ...OLD_ATTACHMENT, driver: 'bridge' });
  t.deepEqual(readAttachment(read), read);
});

test('a place is a namespace of CNI plugins', (t) => {
  const link = { index: 2, name: 'eth0', mac: '', mtu: 1500, addresses: [], routes: [] };
  const place = { namespace: '/n', link, isLeased: true, nameGateways: ['10.1.0.1'] };
  const read = readAttachment({ ...OLD_ATTACHMENT, place });
  t.deepEqual(read, {
    ...OLD_ATTACHMENT,
    driver: 'cni',
    nameGateways: ['10.1.0.1'],
    namespace: { path: '/n', link, isLeased: true },
  });
  t.deepEqual(readAttachment(read), read);
});
