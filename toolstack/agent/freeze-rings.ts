// SPDX-License-Identifier: Apache-2.0
// Decodes the rings in an agent's answer to FREEZE: struct thaw_ring_page of kernels/agent/proto.h, for each page of both
// channels and of the vif.

import { CONTROL_RING_ORDER, DATA_RING_ORDER, VIF_PAGES_MAX } from './wire.js';

/** One channel of a clone, as its client opens it. */
export interface Ring {
  ref: number;
  port: number;
  order: number;
}

export interface Rings {
  control: Ring;
  data: Ring;
}

const PAGE_ORDER = 12;
const ENTRY_BYTES = 8;
/** Grants of version 1 that four frames of a grant table hold, the first eight of which are the toolstack's. */
const [REF_LEAST, REF_MOST] = [8, 4 * 512 - 1];
/** A vif has a ring for each direction. */
const VIF_PAGES_LEAST = 2;

/** Pages of a channel: the ring's own and those of both ways. */
const pagesOf = (order: number): number => 1 + 2 * 2 ** (order - PAGE_ORDER);

const CHANNEL_PAGES = pagesOf(CONTROL_RING_ORDER) + pagesOf(DATA_RING_ORDER);

/** The pages of each ring in FREEZE's answer. */
export interface RingPages {
  channels: Buffer;
  vif: Buffer;
}

/**
 * Returns the rings in FREEZE's answer. Undefined where the guest keeps none, or names impossible pages.
 * A guest that lies here has its own clones' channels fail, and no others.
 */
export function keptRings(untrusted: Buffer): RingPages | undefined {
  const count = untrusted.length / ENTRY_BYTES;
  const [least, most] = [CHANNEL_PAGES + VIF_PAGES_LEAST, CHANNEL_PAGES + VIF_PAGES_MAX];
  if (!Number.isInteger(count) || count < least || count > most) return undefined;
  const [refs, frames] = [new Set<number>(), new Set<number>()];
  for (let at = 0; at < untrusted.length; at += ENTRY_BYTES) {
    const ref = untrusted.readUInt32LE(at);
    if (ref < REF_LEAST || ref > REF_MOST) return undefined;
    refs.add(ref);
    frames.add(untrusted.readUInt32LE(at + 4));
  }
  if (refs.size !== count || frames.size !== count) return undefined;
  const kept = Buffer.from(untrusted);
  const vifAt = CHANNEL_PAGES * ENTRY_BYTES;
  return { channels: kept.subarray(0, vifAt), vif: kept.subarray(vifAt) };
}

/** The rings of a clone that was made with `channels` and these ports. */
export function ringsOf(
  { channels }: Pick<RingPages, 'channels'>,
  controlPort: number,
  dataPort: number,
): Rings {
  const data = pagesOf(CONTROL_RING_ORDER) * ENTRY_BYTES;
  return {
    control: { ref: channels.readUInt32LE(0), port: controlPort, order: CONTROL_RING_ORDER },
    data: { ref: channels.readUInt32LE(data), port: dataPort, order: DATA_RING_ORDER },
  };
}
