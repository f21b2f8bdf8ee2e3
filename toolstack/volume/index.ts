// SPDX-License-Identifier: Apache-2.0
// Volumes: folders that outlive the containers that have them.

export { VolumeError } from './errors.js';
export type { VolumeRecord } from './record.js';
export { Volumes } from './volumes.js';
