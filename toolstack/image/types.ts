// SPDX-License-Identifier: Apache-2.0
// What an image is to the rest of thaw, and what may be asked of the store.
import type { Log } from '../base/log.js';
import type { OnProgress } from '../base/progress.js';
import type { LayerLimits } from './layers/rules.js';
import type { ImageConfig } from './transports/manifest.js';
import type { SourceOptions } from './transports/skopeo.js';

export interface ImageLayer {
  /** Of the blob as it was copied. */
  readonly digest: string;
  /** Of the unpacked tar. */
  readonly diffId: string;
  readonly erofsPath: string;
  readonly bytes: number;
}

export interface Image {
  /** Digest of the config, sha256:HEX: the same as podman's and docker's image id. */
  readonly id: string;
  readonly names: string[];
  /** Of the manifest it was copied by, sha256:HEX; '' where an older thaw pulled it. */
  readonly digest: string;
  /** From the bottom up; at least one; empty layers are left out where others remain. */
  readonly layers: ImageLayer[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  /** RFC 3339, or ''. */
  readonly created: string;
  /** Bytes of all its layers on disk; layers that images share count in each. */
  readonly size: number;
  /** Text of /etc/passwd and /etc/group as the layers show them, at most 256 KiB each; '' where there is none. */
  readonly passwd: string;
  readonly group: string;
}

export interface PullOptions extends SourceOptions {
  /** Where relative paths of oci:, dir: and archives start: the caller's working directory. */
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** As podman calls them. */
export type SaveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir';

export interface SaveOptions extends PullOptions {
  /** Absolute. */
  readonly path: string;
  readonly format: SaveFormat;
  /** What progress and errors call it. */
  readonly title: string;
}

export interface LoadedImage {
  readonly image: Image;
  /** What it was called in what it was loaded from. */
  readonly names: readonly string[];
}

export interface ImageUsage {
  readonly total: number;
  /** How many of them containers need, or what was frozen. */
  readonly used: number;
  /** Of all layers and blobs on disk; what images share counts once. */
  readonly bytes: number;
  /** Of those that the used ones need. */
  readonly usedBytes: number;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageStoreOptions {
  /** Absolute; made if missing. All that is downloaded and made goes here, temporary files included. */
  readonly root: string;
  readonly log: Log;
  readonly limits?: Partial<LayerLimits>;
  /** Whether layers are kept as they came, too, so that images can be pushed and saved (default true). */
  readonly keepsBlobs?: boolean;
}
