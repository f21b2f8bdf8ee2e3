// SPDX-License-Identifier: Apache-2.0
// Observers of a domain share one watch. It stays open briefly for the next observer, and is replaced once it has fired.

import test from 'ava';
import type { DomainEvent } from '../../../bindings/index.js';
import { asDomid } from '../../../toolstack/base/ids.js';
import { onDomainDeath } from '../../../toolstack/xen/death-watch.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { until } from '../../support/within.js';

const DEATH: DomainEvent = { type: 'domain_death', domid: 5 };
const SUSPEND: DomainEvent = { type: 'domain_shutdown', domid: 5, shutdownReason: 'suspend' };

function setUp() {
  const libxl = new FakeLibxl();
  const host = fakeXenHost(libxl);
  const heard: string[] = [];
  const listen = (name: string, domid = 5) =>
    onDomainDeath(host, asDomid(domid), (event) => heard.push(`${name} ${event.type}`));
  return { libxl, heard, listen };
}

test('all hear by one watch, and who has closed hears nothing', (t) => {
  const { libxl, heard, listen } = setUp();
  const [first] = [listen('first'), listen('second'), listen('third')];
  t.is(libxl.openWatches, 1);
  first.close();
  first.close();
  libxl.die(5, DEATH);
  t.deepEqual(heard, ['second domain_death', 'third domain_death']);
});

test('one that closes within another hears nothing, either', (t) => {
  const { libxl, listen, heard } = setUp();
  const host = fakeXenHost(libxl);
  onDomainDeath(host, asDomid(7), () => second.close());
  const second = onDomainDeath(host, asDomid(7), () => heard.push('second'));
  libxl.die(7, { type: 'domain_death', domid: 7 });
  t.deepEqual(heard, []);
  listen('of another', 6);
});

test('the watch is there for who comes soon after the last has gone, and then ends', async (t) => {
  const { libxl, heard, listen } = setUp();
  listen('first').close();
  const second = listen('second');
  t.is(libxl.openWatches, 1);
  libxl.die(5, SUSPEND);
  t.deepEqual(heard, ['second domain_shutdown']);
  second.close();
  t.is(libxl.openWatches, 0);
  listen('third').close();
  await until('nothing watches', () => libxl.openWatches === 0);
});

test('after news the next gets a watch of its own, and the old ones hear what follows', (t) => {
  const { libxl, heard, listen } = setUp();
  const first = listen('first');
  libxl.die(5, SUSPEND);
  const second = listen('second');
  t.is(libxl.openWatches, 2);
  heard.length = 0;
  libxl.die(5, DEATH);
  t.deepEqual(heard, ['first domain_death', 'second domain_death']);
  first.close();
  second.close();
  t.is(libxl.openWatches, 0);
});

test('a watch that cannot be set is tried anew by the next', async (t) => {
  const { libxl, listen } = setUp();
  libxl.watchReady = () => Promise.reject(new Error('no watch'));
  await t.throwsAsync(listen('first').ready, { message: 'no watch' });
  libxl.watchReady = () => Promise.resolve();
  await t.notThrowsAsync(listen('second').ready);
});
