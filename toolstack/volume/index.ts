// SPDX-License-Identifier: Apache-2.0
// The parts of volumes that the rest of thaw may use. A volume's files outlive the containers that use them.

export { VolumeError } from './errors.js';
export { ext4Tools } from './drivers/registry.js';
export type { VolumeRecord } from './record.js';
export { Volumes } from './volumes.js';
