// SPDX-License-Identifier: Apache-2.0
// Where an agent's rings are, as its FREEZE answers: struct thaw_ring_page of kernels/agent/proto.h, for each page of both channels.

import { CONTROL_RING_ORDER, DATA_RING_ORDER } from './wire.js';

/** The client's way to one channel of a clone. */
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
/** Grants of version 1 that one frame of a grant table holds, the first eight of which are the toolstack's. */
const [REF_LEAST, REF_MOST] = [8, 511];

/** Pages of a channel: the ring's own and those of both ways. */
const pagesOf = (order: number): number => 1 + 2 * 2 ** (order - PAGE_ORDER);

/**
 * What FREEZE answered, if clones can be given their rings by it: undefined when the agent keeps none, or says what cannot be.
 * A guest that lies here has its own clones' channels fail, and no others.
 */
export function keptRings(untrusted: Buffer): Buffer | undefined {
  const count = pagesOf(CONTROL_RING_ORDER) + pagesOf(DATA_RING_ORDER);
  if (untrusted.length !== count * ENTRY_BYTES) return undefined;
  const [refs, frames] = [new Set<number>(), new Set<number>()];
  for (let at = 0; at < untrusted.length; at += ENTRY_BYTES) {
    const ref = untrusted.readUInt32LE(at);
    if (ref < REF_LEAST || ref > REF_MOST) return undefined;
    refs.add(ref);
    frames.add(untrusted.readUInt32LE(at + 4));
  }
  return refs.size === count && frames.size === count ? Buffer.from(untrusted) : undefined;
}

/** The rings of a clone that was made with `kept` and these ports. */
export function ringsOf(kept: Buffer, controlPort: number, dataPort: number): Rings {
  const data = pagesOf(CONTROL_RING_ORDER) * ENTRY_BYTES;
  return {
    control: { ref: kept.readUInt32LE(0), port: controlPort, order: CONTROL_RING_ORDER },
    data: { ref: kept.readUInt32LE(data), port: dataPort, order: DATA_RING_ORDER },
  };
}
