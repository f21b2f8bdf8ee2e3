// SPDX-License-Identifier: Apache-2.0
// A domain is destroyed once, never a later one with the same domid. It is gone with its records when the call returns.

import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { destroyDomain, isSameDomain } from '../../../toolstack/xen/destroy.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const UUID = '74686177-0000-8000-a000-000000000001';
const OTHER = '74686177-0000-8000-a000-000000000002';
const DOMID = asDomid(5);

async function hostWith(t: ExecutionContext, uuid: string) {
  const { client, fake } = await joinFake(t);
  const libxl = new FakeLibxl();
  libxl.add({ domid: DOMID, uuid, name: 'web' });
  await client.write('/local/domain/5/vm', `/vm/${uuid}`);
  for (const path of [`/vm/${uuid}/name`, '/libxl/5/type', '/local/domain/0/backend/console/5/0'])
    await client.write(path, 'x');
  return { libxl, host: fakeXenHost(libxl, client), fake };
}

test('a domain is its number and its uuid together', async (t) => {
  const { host } = await hostWith(t, UUID);
  t.true(await isSameDomain(host, DOMID, UUID));
  t.false(await isSameDomain(host, DOMID, OTHER));
  t.false(await isSameDomain(host, asDomid(6), UUID));
});

test('a domain is destroyed with its records; twice is as good as once', async (t) => {
  const { libxl, host, fake } = await hostWith(t, UUID);
  await destroyDomain(host, DOMID, UUID);
  await destroyDomain(host, DOMID, UUID);
  t.deepEqual(libxl.calls, [['xcDomainDestroy', 5]]);
  for (const path of [
    '/local/domain/5',
    `/vm/${UUID}`,
    '/libxl/5',
    '/local/domain/0/backend/console/5',
  ])
    t.is(fake.text(path), undefined, path);
  t.is(fake.text('/local/domain/0/backend/console'), '');
});

test('records of a domain that is gone already are removed', async (t) => {
  const { libxl, host, fake } = await hostWith(t, UUID);
  libxl.domains.clear();
  await destroyDomain(host, DOMID, UUID);
  t.deepEqual(libxl.calls, []);
  t.is(fake.text('/local/domain/5'), undefined);
});

test('another domain under the same number is left alone, with its records', async (t) => {
  const { libxl, host, fake } = await hostWith(t, OTHER);
  await destroyDomain(host, DOMID, UUID);
  t.deepEqual(libxl.calls, []);
  t.true(libxl.domains.has(5));
  t.is(fake.text('/libxl/5/type'), 'x');
  t.is(fake.text(`/vm/${OTHER}/name`), 'x');
});

test('a domain that dies slowly is waited for', async (t) => {
  const { libxl, host } = await hostWith(t, UUID);
  libxl.onDestroy = (domid) => void setTimeout(() => libxl.domains.delete(domid), 60);
  await destroyDomain(host, DOMID, UUID);
  t.false(libxl.domains.has(5));
});

test('a domain that someone else has just destroyed is no failure', async (t) => {
  const { libxl, host } = await hostWith(t, UUID);
  const info = libxl.domainAccounting.bind(libxl);
  libxl.domainAccounting = async (domid) => {
    const before = await info(domid);
    libxl.domains.clear();
    return before;
  };
  await t.notThrowsAsync(destroyDomain(host, DOMID, UUID));
});
