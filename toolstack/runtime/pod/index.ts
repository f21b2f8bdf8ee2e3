// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of pods.

export { PodDomain, routeEvents } from './domain.js';
export { enterPod, mountRoot } from './enter.js';
export { PodError } from './errors.js';
export { Member, type Place } from './member.js';
export { Pod, POD_MEMORY_BYTES } from './pod.js';
export { Pods } from './pods.js';
export { PodStore, type PodRecord } from './record.js';
export { firstProcess, slotOf, Slots } from './slots.js';
