// SPDX-License-Identifier: Apache-2.0
// The parts of the image store that the rest of thaw may use.
export { FolderLayers, type LayerFolder } from './layers/folder-layers.js';
export { ImageError, type ImageErrorCode } from './errors.js';
export type { HistoryEntry, ImageDetails } from './store/details.js';
export { DEFAULT_LIMITS } from './layers/rules.js';
export type { ImageConfig } from './config/manifest.js';
export {
  DEFAULT_PATH,
  mergeProcess,
  type ProcessRequest,
  type ProcessSpec,
} from './config/process.js';
export { parseReference, type ImageReference } from './reference.js';
export { ImageStore } from './store/store.js';
export type { Pruned } from './store/removal.js';
export type {
  Image,
  ImageLayer,
  ImageStoreOptions,
  ImageUsage,
  LoadedImage,
  PullOptions,
  PullPolicy,
  SaveFormat,
  SaveOptions,
} from './types.js';
export { resolveUser, type ResolvedUser } from './config/user.js';
