// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of the image store.
export { ImageError, type ImageErrorCode } from './errors.js';
export type { ImageConfig } from './manifest.js';
export { DEFAULT_PATH, mergeProcess, type ProcessRequest, type ProcessSpec } from './process.js';
export { parseReference, type ImageReference } from './reference.js';
export { ImageStore } from './store.js';
export type { Image, ImageLayer, ImageStoreOptions, PullOptions, PullPolicy } from './types.js';
export { resolveUser, type ResolvedUser } from './user.js';
