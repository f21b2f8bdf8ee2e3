// SPDX-License-Identifier: Apache-2.0
// Exports the parts of pods that the rest of thaw may use.

export { makeDomain, OWN_SLOT, PodDomain, routeEvents } from './domain.js';
export { enterDomain, enterPod, reenterDomain } from './enter.js';
export { PodError } from './errors.js';
export { Member, type Place } from './member.js';
export { Pod, POD_MEMORY_BYTES } from './pod.js';
export { Pods } from './pods.js';
export { PodStore, type PodRecord } from './record.js';
export { firstProcess, slotOf, Slots } from './slots.js';
