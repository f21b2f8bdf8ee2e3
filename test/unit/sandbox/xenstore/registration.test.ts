// SPDX-License-Identifier: Apache-2.0
// A sandbox's entries reach xenstore in order, and none is written for a sandbox that is ending.

import test, { type ExecutionContext } from 'ava';
import type { Introduction } from '../../../../toolstack/clone/engine/registration.js';
import { StoreSide } from '../../../../toolstack/sandbox/xenstore/registration.js';
import { BASE, DOMID, lateSandbox } from '../../../support/runtime/deferred-sandbox.js';

async function setUp(t: ExecutionContext) {
  const { client, fake, record, services } = await lateSandbox(t);
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
