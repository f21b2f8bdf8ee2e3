// SPDX-License-Identifier: Apache-2.0
// What a template's clones find connected to dom0 as they wake: the agent's channels and the vif.

import { keptRings, type RingPages } from '../../agent/rings.js';
import { backendRelease, type KeptVif } from '../../xen/vif-kept.js';

export interface Kept {
  rings: RingPages;
  vif: KeptVif;
}

/** As a template's description has it. */
export interface StoredKept {
  /** What FREEZE answered, in base64. */
  rings: string;
  vif: KeptVif;
}

/** Pure. */
export function storeKept({ rings: { channels, vif: pages }, vif }: Kept): StoredKept {
  return { rings: Buffer.concat([channels, pages]).toString('base64'), vif };
}

/**
 * Undefined where there is none, or where dom0's kernel is another than the one whose back end was agreed with: such a template's
 * clones look for all of it in xenstore.
 */
export function loadKept(
  stored: StoredKept | undefined,
  release = backendRelease(),
): Kept | undefined {
  if (stored?.vif.backend !== release) return undefined;
  const rings = keptRings(Buffer.from(stored.rings, 'base64'));
  return rings && { rings, vif: stored.vif };
}
