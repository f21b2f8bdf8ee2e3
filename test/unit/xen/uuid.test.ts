// SPDX-License-Identifier: Apache-2.0
// thaw's domains are recognized by their uuids.

import test from 'ava';
import { isThawUuid, newDomainUuid } from '../../../toolstack/xen/uuid.js';

test('a new uuid is well-formed, of version 8, and thaw knows it as its own', (t) => {
  const uuids = Array.from({ length: 100 }, newDomainUuid);
  for (const uuid of uuids) {
    t.regex(uuid, /^74686177-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    t.true(isThawUuid(uuid));
  }
  t.is(new Set(uuids).size, 100);
});

test("others' uuids are not thaw's", (t) => {
  for (const uuid of ['00000000-0000-0000-0000-000000000000', '', '746861770-000', '74686178-0000'])
    t.false(isThawUuid(uuid), uuid);
});
