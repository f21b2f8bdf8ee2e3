// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of checkpoints' files.
export { digestOf } from './digest.js';
export { CheckpointError, damaged, writeFailure } from './errors.js';
export type { CheckpointHeader, SavedLayer } from './header.js';
export type { SavedContainer, SavedOci, SavedStash } from './header-container.js';
export { CheckpointFile } from './read.js';
export { pagesToRestore, unpackTemplate } from './unpack.js';
export { checkTarget, writeCheckpoint, type CheckpointSource } from './write.js';
