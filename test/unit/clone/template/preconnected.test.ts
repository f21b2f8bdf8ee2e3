// SPDX-License-Identifier: Apache-2.0
// Preconnected devices are stored with a template, and used only with the kernel whose back end they were negotiated with.

import test from 'ava';
import {
  loadKept,
  storeKept,
  type Kept,
} from '../../../../toolstack/clone/template/preconnected.js';

/** Both channels, then the vif. */
const [CHANNEL_PAGES, VIF_PAGES] = [9 + 65, 34];

function kept(): Kept {
  const bytes = Buffer.alloc(8 * (CHANNEL_PAGES + VIF_PAGES));
  for (let i = 0; i < CHANNEL_PAGES + VIF_PAGES; i++) {
    bytes.writeUInt32LE(8 + i, 8 * i);
    bytes.writeUInt32LE(100 + i, 8 * i + 4);
  }
  const at = 8 * CHANNEL_PAGES;
  return {
    rings: { channels: bytes.subarray(0, at), vif: bytes.subarray(at) },
    vif: { backend: '6.12.1', nodes: { 'tx-ring-ref': '82' }, isSplit: true },
  };
}

test('it comes back as it was stored', (t) => {
  const stored = JSON.parse(JSON.stringify(storeKept(kept()))) as ReturnType<typeof storeKept>;
  t.deepEqual(loadKept(stored, '6.12.1'), kept());
});

test('beside another kernel, damaged, or where there is none, there is none', (t) => {
  const stored = storeKept(kept());
  t.is(loadKept(stored, '6.12.2'), undefined);
  t.is(loadKept(undefined, '6.12.1'), undefined);
  t.is(loadKept({ ...stored, rings: stored.rings.slice(0, 40) }, '6.12.1'), undefined);
  t.is(loadKept({ ...stored, rings: '' }, '6.12.1'), undefined);
});
