// SPDX-License-Identifier: Apache-2.0
// The xenstore nodes of a clone are written and removed. test/xen/clone compares them with libxl's on Xen.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import {
  consoleNodes,
  guestNodes,
  libxlNodes,
  removeDomainNodes,
  writeLater,
} from '../../../toolstack/xen/records.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const UUID = '74686177-0000-8000-a000-000000000001';
const DOMID = asDomid(7);
const RINGS = { storeFrame: 1044476, storePort: 1, consoleFrame: 1044479, consolePort: 2 };
const CONFIG = {
  name: 'web',
  uuid: UUID,
  type: 'pvh' as const,
  maxVcpus: 2,
  onlineVcpus: 1,
  maxMemoryKib: 131072,
  memoryKib: 65536,
  kernel: '/k',
  initrd: '/i',
  cmdline: '',
};
const ALL = [
  ...guestNodes(DOMID, CONFIG),
  ...libxlNodes(DOMID, CONFIG, RINGS),
  ...consoleNodes(DOMID, RINGS),
];

test('a clone has what its guest, libxl and xl look for', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.writeAll(ALL);
  const text = (name: string) => fake.text(`/local/domain/7/${name}`);
  t.is(text('name'), 'web');
  t.is(text('vm'), `/vm/${UUID}`);
  t.is(text('domid'), '7');
  t.is(text('memory/target'), '65536');
  t.is(text('memory/static-max'), '131072');
  t.is(text('store/port'), '1');
  t.is(text('store/ring-ref'), '1044476');
  t.is(text('console/port'), '2');
  t.is(text('console/ring-ref'), '1044479');
  t.is(text('console/type'), 'xenconsoled');
  t.deepEqual([text('cpu/0/availability'), text('cpu/1/availability')], ['online', 'offline']);
  t.is(fake.text(`/vm/${UUID}/name`), 'web');
  t.is(fake.text('/libxl/7/type'), 'pvh');
});

test('a guest may write below data and error, answer a shutdown, and read the rest', async (t) => {
  const { client } = await joinFake(t);
  await client.writeAll([...guestNodes(DOMID, CONFIG), ...libxlNodes(DOMID, CONFIG, RINGS)]);
  for (const own of ['data', 'error', 'control/shutdown'])
    t.deepEqual(await client.getPermissions(`/local/domain/7/${own}`), [
      { domid: 7, access: 'none' },
    ]);
  t.deepEqual(await client.getPermissions('/local/domain/7'), [
    { domid: 0, access: 'none' },
    { domid: 7, access: 'read' },
  ]);
});

test('all of it goes', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.writeAll(ALL);
  await client.transaction((tx) => removeDomainNodes(tx, DOMID, UUID));
  for (const path of ['/local/domain/7', `/vm/${UUID}`, '/libxl/7'])
    t.is(fake.text(path), undefined);
});

test('what is written later is left out when the domain is gone, or is another', async (t) => {
  const { client, fake } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  const later = () => writeLater(host, DOMID, UUID, consoleNodes(DOMID, RINGS));
  await later();
  t.is(fake.text('/local/domain/7'), undefined);
  await client.writeAll(guestNodes(DOMID, { ...CONFIG, uuid: UUID.replace(/1$/, '2') }));
  await later();
  t.is(fake.text('/local/domain/7/console/port'), undefined);
  await client.writeAll(guestNodes(DOMID, CONFIG));
  await later();
  t.is(fake.text('/local/domain/7/console/port'), '2');
});

test('records of a domain that ends while they are written are no error, others are', async (t) => {
  const { client, fake } = await joinFake(t);
  const host = fakeXenHost(new FakeLibxl(), client);
  await client.writeAll(guestNodes(DOMID, CONFIG));
  const bad = [{ path: '/local/domain/7/console', value: 'x'.repeat(5000) }];
  await writeLater(host, DOMID, UUID, bad);
  t.is(fake.text('/local/domain/7/console'), undefined);
  await client.introduce(DOMID, 1, 1);
  await t.throwsAsync(writeLater(host, DOMID, UUID, bad), { code: 'ERR_XENSTORE_PAYLOAD' });
});
