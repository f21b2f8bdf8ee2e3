// SPDX-License-Identifier: Apache-2.0
// What an image is to the rest of thaw, and what may be asked of the store.
import type { Log } from '../base/log.js';
import type { LayerLimits } from './layer-rules.js';
import type { ImageConfig } from './manifest.js';
import type { SourceOptions } from './skopeo.js';

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
  readonly onProgress?: ((line: string) => void) | undefined;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageStoreOptions {
  /** Absolute; made if missing. All that is downloaded and made goes here, temporary files included. */
  readonly root: string;
  readonly log: Log;
  readonly limits?: Partial<LayerLimits>;
}
