// SPDX-License-Identifier: Apache-2.0
// The guest types that a host can run, and its default type.

import test from 'ava';
import type { Physinfo } from '../../../bindings/index.js';
import { checkGuestType, guestTypeOn } from '../../../toolstack/xen/host.js';

function host(capabilities: { pv: boolean; hap: boolean }): Physinfo {
  return { capabilities } as unknown as Physinfo;
}

test('PVH where the host has HAP, else PV', (t) => {
  t.is(guestTypeOn(host({ pv: true, hap: true })), 'pvh');
  t.is(guestTypeOn(host({ pv: true, hap: false })), 'pv');
});

test('a type that is wished for is had or refused', (t) => {
  t.is(guestTypeOn(host({ pv: true, hap: true }), 'pv'), 'pv');
  t.throws(() => guestTypeOn(host({ pv: true, hap: false }), 'pvh'), { code: 'ERR_XEN_TYPE' });
});

test('a type that the host lacks is refused', (t) => {
  const noHap = { code: 'ERR_XEN_TYPE', message: /--type pv$/ };
  t.throws(() => checkGuestType(host({ pv: true, hap: false }), 'pvh'), noHap);
  const noPv = { code: 'ERR_XEN_TYPE', message: /--type pvh$/ };
  t.throws(() => checkGuestType(host({ pv: false, hap: true }), 'pv'), noPv);
  t.notThrows(() => checkGuestType(host({ pv: true, hap: true }), 'pv'));
  t.notThrows(() => checkGuestType(host({ pv: false, hap: true }), 'pvh'));
});
