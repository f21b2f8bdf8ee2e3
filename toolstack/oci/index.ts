// SPDX-License-Identifier: Apache-2.0
// What other folders use of this one.

export { ociWords, runOci } from './commands.js';
export { OciContainers } from './containers.js';
export { OciStore } from './record.js';
