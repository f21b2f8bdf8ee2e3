// SPDX-License-Identifier: Apache-2.0
// Work on a guest ends when the guest does, and its error gives the reason.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { describeDeath, whileAlive, whileUnknown } from '../../../toolstack/xen/death.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { until } from '../../support/within.js';

const DOMID = asDomid(5);

/** Work that ends only when its signal aborts. */
function untilLost(lost: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    lost.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
  );
}

test('work that ends first is passed through, both ways, and its watch goes soon after', async (t) => {
  const libxl = new FakeLibxl();
  const host = fakeXenHost(libxl);
  t.is(await whileAlive(host, DOMID, () => Promise.resolve(7)), 7);
  const failure = new Error('no');
  t.is(await t.throwsAsync(whileAlive(host, DOMID, () => Promise.reject(failure))), failure);
  await until('nothing watches any more', () => libxl.openWatches === 0);
});

test('a death ends the work with ERR_GUEST_LOST', async (t) => {
  for (const event of [
    { type: 'domain_death', domid: 5 },
    { type: 'domain_shutdown', domid: 5, shutdownReason: 'crash' },
    { type: 'domain_shutdown', domid: 5, shutdownReason: 'poweroff' },
  ] as const) {
    const libxl = new FakeLibxl();
    const work = whileAlive(fakeXenHost(libxl), DOMID, untilLost);
    libxl.die(5, event);
    await t.throwsAsync(work, {
      code: 'ERR_GUEST_LOST',
      message: new RegExp(describeDeath(event).slice(0, 7)),
    });
    t.is(libxl.openWatches, 0);
  }
});

test('a watch that cannot be set leaves the work alone', async (t) => {
  const libxl = new FakeLibxl();
  libxl.watchReady = () => Promise.reject(new Error('no watch'));
  t.is(await whileAlive(fakeXenHost(libxl), DOMID, () => Promise.resolve(7)), 7);
});

test('one that xenstored does not know is looked for', async (t) => {
  const domain = (more: object) => ({ domid: 5, uuid: 'u', name: '', ...more });
  const deaths: [object | undefined, RegExp][] = [
    [undefined, /was destroyed/],
    [{ dying: true }, /was destroyed/],
    [{ shutdown: true, shutdownReason: 'crash' }, /crashed/],
  ];
  await Promise.all(
    deaths.map(async ([more, message]) => {
      const libxl = new FakeLibxl();
      if (more) libxl.add(domain(more));
      const work = whileUnknown(fakeXenHost(libxl), DOMID, untilLost);
      await t.throwsAsync(work, { code: 'ERR_GUEST_LOST', message });
    }),
  );
  const libxl = new FakeLibxl();
  libxl.add(domain({ shutdown: true, shutdownReason: 'suspend' }));
  const twoLooks = () => new Promise<number>((resolve) => setTimeout(() => resolve(7), 2200));
  t.is(await whileUnknown(fakeXenHost(libxl), DOMID, twoLooks), 7);
});
