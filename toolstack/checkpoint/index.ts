// SPDX-License-Identifier: Apache-2.0
// The parts of checkpoint files that the rest of thaw may use.
export { digestOf } from './digest.js';
export { CheckpointError, damaged, writeFailure } from './errors.js';
export type { CheckpointHeader, SavedLayer } from './header.js';
export type { SavedContainer, SavedOci, SavedFids } from './header-container.js';
export { CheckpointFile } from './read.js';
export { pagesToRestore, unpackTemplate } from './unpack.js';
export { checkTarget, writeCheckpoint, type CheckpointSource, type WriteOptions } from './write.js';
