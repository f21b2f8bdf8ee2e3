// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of checkpoints' files.
export { CheckpointError, writeFailure } from './errors.js';
export type { CheckpointHeader, SavedContainer, SavedLayer } from './header.js';
export { CheckpointFile } from './read.js';
export { checkTarget, writeCheckpoint, type CheckpointSource } from './write.js';
