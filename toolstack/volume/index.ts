// SPDX-License-Identifier: Apache-2.0
// Volumes: files that outlive the containers that use them.

export { VolumeError } from './errors.js';
export type { VolumeRecord } from './record.js';
export { Volumes } from './volumes.js';
