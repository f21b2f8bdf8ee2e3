// SPDX-License-Identifier: Apache-2.0
// Preconnected devices: the agent's channels and the vif that a template's clones have connected as they wake.

import { keptRings, type RingPages } from '../../agent/freeze-rings.js';
import { backendRelease, type KeptVif } from '../../xen/vif-kept.js';

export interface Kept {
  rings: RingPages;
  vif: KeptVif;
}

/** The form in a template's description. */
export interface StoredKept {
  /** FREEZE's answer, in base64. */
  rings: string;
  vif: KeptVif;
}

/** Pure. */
export function storeKept({ rings: { channels, vif: pages }, vif }: Kept): StoredKept {
  return { rings: Buffer.concat([channels, pages]).toString('base64'), vif };
}

/**
 * Undefined where the template has none, or where dom0 now has another kernel than the one whose back end the front end negotiated with.
 * Clones of such a template look for everything in xenstore.
 */
export function loadKept(
  stored: StoredKept | undefined,
  release = backendRelease(),
): Kept | undefined {
  if (stored?.vif.backend !== release) return undefined;
  const rings = keptRings(Buffer.from(stored.rings, 'base64'));
  return rings && { rings, vif: stored.vif };
}
