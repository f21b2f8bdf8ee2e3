// SPDX-License-Identifier: Apache-2.0
// Exports the parts of pods that the rest of thaw may use.

export { PodError } from './errors.js';
export { Pod, POD_MEMORY_BYTES } from './pod.js';
export { Pods } from './pods.js';
export { PodStore, type PodRecord } from './record.js';
