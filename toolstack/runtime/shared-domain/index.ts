// SPDX-License-Identifier: Apache-2.0
// Exports the parts of shared domains that the rest of thaw may use.

export { makeDomain, OWN_SLOT, ownSlots, SharedDomain } from './domain.js';
export { enterDomain, reenterDomain } from './enter.js';
export { Member, type MemberSlot } from './member.js';
export { firstProcess, slotOf, type Slots } from './slots.js';
