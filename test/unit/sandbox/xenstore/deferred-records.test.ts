// SPDX-License-Identifier: Apache-2.0
// Records that no start waits for are written later, by this thawd or the next.

import test, { type ExecutionContext } from 'ava';
import { LateRecords } from '../../../../toolstack/sandbox/xenstore/deferred-records.js';
import { permissions } from '../../../../xenstore/index.js';
import { BASE, DOMID, lateSandbox } from '../../../support/runtime/deferred-sandbox.js';

async function setUp(t: ExecutionContext) {
  const { client, fake, record, services } = await lateSandbox(t);
  const later = [
    { path: `${BASE}/name`, value: 'web' },
    { path: `${BASE}/error`, value: '', permissions: permissions(7, 'none') },
    { path: `${BASE}/console/tty`, value: '' },
  ];
  record.later = later;
  // The record as the next thawd reads it.
  const reread = JSON.parse(JSON.stringify(record)) as typeof record;
  return { services, client, fake, record, reread, later };
}

test('they are written after the start, and are then no part of the record', async (t) => {
  const { services, fake, record, later } = await setUp(t);
  const records = new LateRecords(services, record, DOMID, { later });
  await records.written();
  t.is(fake.text(`${BASE}/name`), undefined, 'it has not started');
  records.schedule();
  await records.written();
  t.is(fake.text(`${BASE}/name`), 'web');
  t.is(record.later, undefined);
});

test('the next thawd writes what a killed one did not come to', async (t) => {
  const { services, client, fake, reread } = await setUp(t);
  await new LateRecords(services, reread, DOMID, {}).catchUp();
  t.is(fake.text(`${BASE}/name`), 'web');
  t.is(fake.text(`${BASE}/console/tty`), '');
  t.deepEqual(await client.getPermissions(`${BASE}/error`), permissions(7, 'none'));
  t.is(reread.later, undefined);
});

test('what is written already keeps what others have made of it', async (t) => {
  const { services, client, fake, reread } = await setUp(t);
  await client.write(`${BASE}/name`, 'web');
  await client.write(`${BASE}/console/tty`, '/dev/pts/3');
  await new LateRecords(services, reread, DOMID, {}).catchUp();
  t.is(fake.text(`${BASE}/console/tty`), '/dev/pts/3');
});
