// SPDX-License-Identifier: Apache-2.0
// A domain is destroyed once, never another one under its number, and is gone when the call returns.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { destroyDomain, isSameDomain } from '../../../toolstack/xen/destroy.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';

const UUID = '74686177-0000-8000-a000-000000000001';
const OTHER = '74686177-0000-8000-a000-000000000002';

function hostWith(uuid: string) {
  const libxl = new FakeLibxl();
  libxl.add({ domid: 5, uuid, name: 'web' });
  return { libxl, host: fakeXenHost(libxl) };
}

test('a domain is its number and its uuid together', async (t) => {
  const { host } = hostWith(UUID);
  t.true(await isSameDomain(host, asDomid(5), UUID));
  t.false(await isSameDomain(host, asDomid(5), OTHER));
  t.false(await isSameDomain(host, asDomid(6), UUID));
});

test('a domain is destroyed; twice is as good as once', async (t) => {
  const { libxl, host } = hostWith(UUID);
  await destroyDomain(host, asDomid(5), UUID);
  await destroyDomain(host, asDomid(5), UUID);
  t.deepEqual(libxl.calls, [['domainDestroy', 5]]);
});

test('another domain under the same number is left alone', async (t) => {
  const { libxl, host } = hostWith(OTHER);
  await destroyDomain(host, asDomid(5), UUID);
  t.deepEqual(libxl.calls, []);
  t.true(libxl.domains.has(5));
});

test('a domain that dies slowly is waited for', async (t) => {
  const { libxl, host } = hostWith(UUID);
  libxl.onDestroy = (domid) => void setTimeout(() => libxl.domains.delete(domid), 60);
  await destroyDomain(host, asDomid(5), UUID);
  t.false(libxl.domains.has(5));
});

test('a domain that someone else has just destroyed is no failure', async (t) => {
  const { libxl, host } = hostWith(UUID);
  const list = libxl.listDomains.bind(libxl);
  libxl.listDomains = async () => {
    const before = await list();
    libxl.domains.clear();
    return before;
  };
  await t.notThrowsAsync(destroyDomain(host, asDomid(5), UUID));
});
