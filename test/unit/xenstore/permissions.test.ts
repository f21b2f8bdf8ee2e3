// SPDX-License-Identifier: Apache-2.0
// Formats and parses permission entries as xenstored does.

import test from 'ava';
import {
  decodePermission,
  encodeDomid,
  encodePermission,
  permissions,
  type Access,
} from '../../../xenstore/permissions.js';

test('each access has its letter, and comes back', (t) => {
  const letters: [Access, string][] = [
    ['none', 'n0'],
    ['read', 'r0'],
    ['write', 'w0'],
    ['both', 'b0'],
  ];
  for (const [access, text] of letters) {
    t.is(encodePermission({ domid: 0, access }), text);
    t.deepEqual(decodePermission(text), { domid: 0, access });
  }
});

test('the owner comes first in a list', (t) => {
  const list = permissions(7, 'none', { domid: 0, access: 'read' });
  t.deepEqual(list.map(encodePermission), ['n7', 'r0']);
});

test('what is no entry is not read as one', (t) => {
  for (const text of ['', 'r', 'x1', 'r65536', 'r-1', 'rr1', 'r1 ', 'r123456'])
    t.is(decodePermission(text), undefined, text);
});

test('a domid that is none is refused', (t) => {
  t.is(encodeDomid(65535), '65535');
  for (const domid of [-1, 65536, 1.5, NaN])
    t.throws(() => encodeDomid(domid), { code: 'ERR_XENSTORE_ARGUMENT' });
});
