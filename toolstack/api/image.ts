// SPDX-License-Identifier: Apache-2.0
// What can be asked of images, and what is told of them.

export interface ImageSummary {
  id: string;
  names: string[];
  /** Of its manifest; '' where nobody knows it. */
  digest: string;
  size: number;
  created: string;
  layers: number;
  labels: Record<string, string>;
  /** How many containers are of it. */
  containers: number;
}

export interface RegistryOptions {
  tlsVerify: boolean;
  /** Where the logins for registries are; absolute. */
  authFile?: string;
}

export type PullOptions = RegistryOptions;

export interface SaveOptions {
  /** As it was typed; undefined: to the client's standard output. */
  path?: string;
  format: 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir';
}

/** What `thaw image inspect` tells: podman's names and forms where it means the same. */
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
  /** Bytes of its unpacked layers on disk. */
  Size: number;
  RootFS: { Type: 'layers'; Layers: string[] };
  Labels: Record<string, string>;
  ManifestType: string;
  User: string;
  /** From the bottom up. */
  History: ImageHistory[];
}

export interface ImageHistory {
  created: string;
  created_by: string;
  comment: string;
  empty_layer: boolean;
  /** Of its layer on disk, in bytes. */
  size: number;
}

export interface ImagesPruned {
  /** Ids. */
  images: string[];
  bytes: number;
}
