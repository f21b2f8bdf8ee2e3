// SPDX-License-Identifier: Apache-2.0
// What the rest of thaw may use of the image store.
export { FolderLayers, type LayerFolder } from './folder-layers.js';
export { ImageError, type ImageErrorCode } from './errors.js';
export type { HistoryEntry, ImageDetails } from './details.js';
export type { SaveFormat } from './export.js';
export { DEFAULT_LIMITS } from './layer-rules.js';
export type { ImageConfig } from './manifest.js';
export { DEFAULT_PATH, mergeProcess, type ProcessRequest, type ProcessSpec } from './process.js';
export { parseReference, type ImageReference } from './reference.js';
export { ImageStore } from './store.js';
export type { Pruned } from './removal.js';
export type {
  Image,
  ImageLayer,
  ImageStoreOptions,
  ImageUsage,
  LoadedImage,
  PullOptions,
  PullPolicy,
  SaveOptions,
} from './types.js';
export { resolveUser, type ResolvedUser } from './user.js';
