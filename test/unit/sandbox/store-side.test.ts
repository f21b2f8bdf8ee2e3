// SPDX-License-Identifier: Apache-2.0
// What xenstore hears of a sandbox comes in order, and not of one that is going.

import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import type { Introduction } from '../../../toolstack/clone/introduction.js';
import type { SandboxServices } from '../../../toolstack/sandbox/services.js';
import { StoreSide } from '../../../toolstack/sandbox/store-side.js';
import { containerRecord } from '../../support/container-record.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';
import { joinFake } from '../../support/xenstore.js';

const DOMID = asDomid(7);
const BASE = '/local/domain/7';

async function setUp(t: ExecutionContext) {
  const { client, fake } = await joinFake(t);
  const { sandbox: record } = containerRecord();
  await client.write(`${BASE}/vm`, `/vm/${record.uuid}`);
  const services = { host: fakeXenHost(new FakeLibxl(), client) } as unknown as SandboxServices;
  const later = [{ path: `${BASE}/console/tty`, value: '' }];
  record.later = later;
  let introductions = 0;
  client.introduce = () => {
    introductions += 1;
    return Promise.resolve();
  };
  const has = (name: string): string | undefined => fake.text(`${BASE}/${name}`);
  return { services, record, later, has, introductions: () => introductions };
}

test('one that xenstore knows is connected, and gets another name after what was to be written before', async (t) => {
  const { services, record, later, has } = await setUp(t);
  const side = new StoreSide(services, record, DOMID, { isNew: true, later });
  t.false(side.isLate);
  await side.connected;
  side.schedule();
  await side.rename('other');
  t.is(has('console/tty'), '');
  t.is(has('name'), 'other');
});

test('of one that goes before its time nothing is written, nor is it introduced', async (t) => {
  const { services, record, later, has, introductions } = await setUp(t);
  record.introduction = {} as Introduction;
  const side = new StoreSide(services, record, DOMID, { isNew: true, later });
  t.true(side.isLate);
  side.schedule();
  side.cancel();
  await side.end();
  side.schedule();
  await side.written();
  await side.catchUp();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(has('console/tty'), undefined);
  t.is(introductions(), 0);
});

test('what an earlier thawd left is caught up with, and nobody is told again that it is connected', async (t) => {
  const { services, record, has } = await setUp(t);
  const side = new StoreSide(services, record, DOMID, { isNew: false });
  await side.catchUp(() => t.fail('it was connected'));
  t.is(has('console/tty'), '');
  t.is(has('name'), record.name);
  await side.end();
});
