// SPDX-License-Identifier: Apache-2.0
// Domains left by a killed thawd are found by uuid and destroyed. Foreign domains are never touched.

import test from 'ava';
import {
  destroyOrphans,
  findDomain,
  removeOrphanRecords,
} from '../../../toolstack/sandbox/orphans.js';
import { newDomainUuid } from '../../../toolstack/xen/uuid.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const DOM0 = { domid: 0, uuid: '00000000-0000-0000-0000-000000000000', name: 'Domain-0' };
const FOREIGN = { domid: 1, uuid: '8d6f5c3a-1111-4222-8333-444455556666', name: 'mail' };

test('a domain is found by its uuid', async (t) => {
  const libxl = new FakeLibxl();
  const uuid = newDomainUuid();
  [DOM0, { domid: 9, uuid, name: 'web' }].forEach((domain) => libxl.add(domain));
  t.is(await findDomain(fakeXenHost(libxl), uuid), 9 as never);
  t.is(await findDomain(fakeXenHost(libxl), newDomainUuid()), undefined);
});

test("thaw's unknown domains go, known ones and others' stay", async (t) => {
  const libxl = new FakeLibxl();
  const known = newDomainUuid();
  libxl.add(DOM0);
  libxl.add(FOREIGN);
  libxl.add({ domid: 2, uuid: known, name: 'web' });
  libxl.add({ domid: 3, uuid: newDomainUuid(), name: 'thaw-template-1' });
  libxl.add({ domid: 4, uuid: newDomainUuid(), name: 'half' });
  await destroyOrphans(fakeXenHost(libxl), new Set([known]));
  t.deepEqual([...libxl.domains.keys()], [0, 1, 2]);
});

test('one that cannot be destroyed does not keep the others', async (t) => {
  const libxl = new FakeLibxl();
  for (const domid of [3, 4]) libxl.add({ domid, uuid: newDomainUuid(), name: `half-${domid}` });
  libxl.onDestroy = (domid) => {
    if (domid === 3) throw new Error('it stays');
    libxl.domains.delete(domid);
  };
  await destroyOrphans(fakeXenHost(libxl), new Set());
  t.deepEqual([...libxl.domains.keys()], [3]);
});

test("records of thaw's domains that are gone go, those of others and of known ones stay", async (t) => {
  const { client } = await joinFake(t);
  const [gone, known, alive] = [newDomainUuid(), newDomainUuid(), newDomainUuid()];
  const owners = { 1: FOREIGN.uuid, 2: gone, 3: known, 4: alive, 5: FOREIGN.uuid };
  for (const [domid, uuid] of Object.entries(owners)) {
    await client.write(`/local/domain/${domid}/vm`, `/vm/${uuid}`);
    await client.write(`/libxl/${domid}/type`, 'pvh');
    await client.write(`/vm/${uuid}/name`, 'it');
  }
  const libxl = new FakeLibxl();
  libxl.add(FOREIGN);
  libxl.add({ domid: 4, uuid: alive, name: 'just made' });
  await removeOrphanRecords(fakeXenHost(libxl, client), new Set([known]));
  t.deepEqual(await client.directory('/local/domain'), ['1', '3', '4', '5']);
  t.deepEqual(await client.directory('/libxl'), ['1', '3', '4', '5']);
  t.false((await client.directory('/vm')).includes(gone));
});
