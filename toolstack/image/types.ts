// SPDX-License-Identifier: Apache-2.0
// The types of images and of the image store's options.
import type { Log } from '../base/log.js';
import type { OnProgress } from '../base/progress.js';
import type { Reserve } from '../disk/index.js';
import type { LayerLimits } from './layers/rules.js';
import type { ImageConfig } from './config/manifest.js';
import type { SourceOptions } from './transports/skopeo.js';

export interface ImageLayer {
  /** Digest of the blob as skopeo copied it. */
  readonly digest: string;
  /** Digest of the unpacked tar. */
  readonly diffId: string;
  readonly erofsPath: string;
  readonly bytes: number;
}

export interface Image {
  /** Digest of the config, sha256:HEX: podman and docker have the same image id. */
  readonly id: string;
  readonly names: string[];
  /** Digest of the copied manifest, sha256:HEX; '' for an image that an older thaw pulled. */
  readonly digest: string;
  /** From the bottom up. Leaves out empty layers, but has at least one layer. */
  readonly layers: ImageLayer[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  /** RFC 3339, or ''. */
  readonly created: string;
  /** Bytes of all the image's layers on disk. A shared layer counts in each of its images. */
  readonly size: number;
  /** Text of /etc/passwd and /etc/group in the merged layers, at most 256 KiB each; '' for a missing file. */
  readonly passwd: string;
  readonly group: string;
}

export interface PullOptions extends SourceOptions {
  /** The caller's working directory: relative paths of oci:, dir: and archives start there. */
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** podman's names of the formats. */
export type SaveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir';

export interface SaveOptions extends PullOptions {
  /** An absolute path. */
  readonly path: string;
  readonly format: SaveFormat;
  /** The image's name in progress texts and errors. */
  readonly title: string;
}

export interface LoadedImage {
  readonly image: Image;
  /** The image's names in the archive or folder that it was loaded from. */
  readonly names: readonly string[];
}

export interface ImageUsage {
  readonly total: number;
  /** The number of images that a container or a frozen image needs. */
  readonly used: number;
  /** Bytes of all layers and blobs on disk; a shared one counts once. */
  readonly bytes: number;
  /** Bytes of the layers and blobs that used images need. */
  readonly usedBytes: number;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageStoreOptions {
  /** The store's folder, absolute; made if missing. All downloads, results and temporary files are in it. */
  readonly root: string;
  readonly log: Log;
  readonly limits?: Partial<LayerLimits>;
  /** Keeps space free on the store's disk (default: none). */
  readonly reserve?: Reserve;
  /** True to keep the layers' original blobs too, which push and save need (default true). */
  readonly keepsBlobs?: boolean;
}
