// SPDX-License-Identifier: Apache-2.0
// The agent's ring report is used when clones can be given the rings, and ignored otherwise.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { keptRings, ringsOf } from '../../../toolstack/agent/freeze-rings.js';
import * as wire from '../../../toolstack/agent/wire.js';
import { readProtoHeader } from '../../support/agent/proto-header.js';

const [CONTROL_PAGES, DATA_PAGES, VIF_PAGES] = [9, 65, 258];
const CHANNEL_PAGES = CONTROL_PAGES + DATA_PAGES;

/** An answer to FREEZE with grants from 8 on. */
function answer(change: (pages: [ref: number, frame: number][]) => void = () => undefined): Buffer {
  const pages = Array.from({ length: CHANNEL_PAGES + VIF_PAGES }, (_, i): [number, number] => [
    8 + 2 * i,
    4096 + 3 * i,
  ]);
  change(pages);
  const bytes = Buffer.alloc(8 * pages.length);
  for (const [i, [ref, frame]] of pages.entries()) {
    bytes.writeUInt32LE(ref, 8 * i);
    bytes.writeUInt32LE(frame, 8 * i + 4);
  }
  return bytes;
}

test('orders are those of proto.h', (t) => {
  const header = readProtoHeader();
  t.is(header.get('THAW_CONTROL_RING_ORDER'), wire.CONTROL_RING_ORDER);
  t.is(header.get('THAW_DATA_RING_ORDER'), wire.DATA_RING_ORDER);
  t.is(header.get('THAW_VIF_PAGES_MAX'), wire.VIF_PAGES_MAX);
});

test("each channel's ring is its first page, with the port that was made for it", (t) => {
  const kept = keptRings(answer());
  if (!kept) return t.fail('not kept');
  t.deepEqual(ringsOf(kept, 3, 4), {
    control: { ref: 8, port: 3, order: wire.CONTROL_RING_ORDER },
    data: { ref: 8 + 2 * CONTROL_PAGES, port: 4, order: wire.DATA_RING_ORDER },
  });
});

test("the vif's pages are those behind the channels', however many buffers it has", (t) => {
  for (const buffers of [0, 1, 256]) {
    const bytes = answer((pages) => pages.splice(CHANNEL_PAGES + 2 + buffers));
    const kept = keptRings(bytes);
    t.is(kept?.channels.length, 8 * CHANNEL_PAGES);
    t.deepEqual(kept?.vif, bytes.subarray(8 * CHANNEL_PAGES));
  }
});

test('what cannot be is as nothing', (t) => {
  const cases: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'no vif': answer((pages) => pages.splice(CHANNEL_PAGES)),
    'half a vif': answer((pages) => pages.splice(CHANNEL_PAGES + 1)),
    'half an entry': answer().subarray(0, -4),
    'a page too many': answer((pages) => pages.push([1500, 500])),
    'a reserved grant': answer((pages) => (pages[3] = [7, 1])),
    'a grant of the fifth frame': answer((pages) => (pages[3] = [2048, 1])),
    'a grant twice': answer((pages) => (pages[3] = [8, 1])),
    'a frame twice': answer((pages) => (pages[3] = [1000, 4096])),
    'bytes of chance': randomBytes(8 * (CHANNEL_PAGES + VIF_PAGES)),
  };
  for (const [what, bytes] of Object.entries(cases)) t.is(keptRings(bytes), undefined, what);
});
