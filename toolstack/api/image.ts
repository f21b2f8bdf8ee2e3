// SPDX-License-Identifier: Apache-2.0
// Requests about images, and the answers to them.

export interface ImageSummary {
  id: string;
  names: string[];
  /** Digest of the manifest; '' where it is unknown. */
  digest: string;
  size: number;
  created: string;
  layers: number;
  labels: Record<string, string>;
  /** Number of containers made from the image. */
  containers: number;
}

export interface RegistryOptions {
  tlsVerify: boolean;
  /** Absolute path of the file with logins for registries. */
  authFile?: string;
}

export type PullOptions = RegistryOptions;

export interface SaveOptions {
  /** Path as it was typed; undefined for the client's standard output. */
  path?: string;
  format: 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir';
}

/** The output of `thaw image inspect`, with podman's names and forms where the meaning is the same. */
export interface ImageInspected {
  Id: string;
  Digest: string;
  RepoTags: string[];
  RepoDigests: string[];
  Comment: string;
  /** RFC 3339. */
  Created: string;
  /** As the image's author wrote it. */
  Config: object;
  Author: string;
  Architecture: string;
  Os: string;
  /** Bytes of the unpacked layers on disk. */
  Size: number;
  RootFS: { Type: 'layers'; Layers: string[] };
  Labels: Record<string, string>;
  ManifestType: string;
  User: string;
  /** The lowest layer first. */
  History: ImageHistory[];
}

export interface ImageHistory {
  created: string;
  created_by: string;
  comment: string;
  empty_layer: boolean;
  /** Bytes of the layer on disk. */
  size: number;
}

export interface ImagesPruned {
  /** Ids. */
  images: string[];
  bytes: number;
}
