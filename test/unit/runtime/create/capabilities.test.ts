// SPDX-License-Identifier: Apache-2.0
// Capabilities that may be added and dropped, and the resulting sets of root and of other users.

import test from 'ava';
import { capabilitiesFor } from '../../../../toolstack/runtime/create/capabilities.js';

test('root has all that it may have', (t) => {
  const { bounding, effective, permitted, ambient } = capabilitiesFor(0);
  t.true(bounding.includes('CAP_CHOWN'));
  t.false(bounding.includes('CAP_NET_ADMIN'));
  t.deepEqual([effective, permitted, ambient], [bounding, bounding, undefined]);
});

test('names are added and dropped, however they are written', (t) => {
  const { bounding } = capabilitiesFor(0, ['net_admin', 'CAP_SYS_TIME'], ['chown']);
  t.true(bounding.includes('CAP_NET_ADMIN') && bounding.includes('CAP_SYS_TIME'));
  t.false(bounding.includes('CAP_CHOWN'));
});

test('ALL is all, or none but what is added by name', (t) => {
  t.is(capabilitiesFor(0, ['ALL']).bounding.length, 41);
  t.false(capabilitiesFor(0, ['all'], ['SYS_ADMIN']).bounding.includes('CAP_SYS_ADMIN'));
  t.deepEqual(capabilitiesFor(0, ['NET_RAW'], ['ALL']).bounding, ['CAP_NET_RAW']);
  t.deepEqual(capabilitiesFor(0, [], ['ALL']).bounding, []);
});

test('others have what was added by name, through exec', (t) => {
  const own = capabilitiesFor(1000, ['NET_RAW']);
  t.deepEqual(own.ambient, ['CAP_NET_RAW']);
  t.deepEqual(own.effective, ['CAP_NET_RAW']);
  t.true(own.bounding.includes('CAP_CHOWN'));
  t.deepEqual(capabilitiesFor(1000, ['ALL']).effective, []);
});

test('what is no capability is refused by its option', (t) => {
  t.throws(() => capabilitiesFor(0, ['NIX']), { code: 'ERR_USAGE', message: /--cap-add NIX/ });
  t.throws(() => capabilitiesFor(0, [], ['']), { code: 'ERR_USAGE', message: /--cap-drop/ });
});
