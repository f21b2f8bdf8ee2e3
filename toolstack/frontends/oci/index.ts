// SPDX-License-Identifier: Apache-2.0
// Exports the parts of OCI mode that other folders use.

export { ociSubject, ociWords, runOci } from './main.js';
export { OciContainers } from './container/containers.js';
export { ociGuests } from './verbs/disk-pause.js';
export { OciStore } from './container/record.js';
