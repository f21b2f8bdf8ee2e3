// SPDX-License-Identifier: Apache-2.0
// What other folders use of this one.

export { ociWords, runOci } from './commands.js';
export { OciContainers } from './container/containers.js';
export { OciStore } from './container/record.js';
