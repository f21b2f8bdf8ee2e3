// SPDX-License-Identifier: Apache-2.0
// Requests about volumes and the answers to them; a container's request for a mount.

/** A bind mount or volume that a container asks for. */
export interface MountOption {
  type: 'bind' | 'volume';
  /** Absolute path of a bind mount, or name of a volume; '' for a new anonymous volume. */
  source: string;
  destination: string;
  readOnly: boolean;
  /** Mount options such as noexec. */
  options: string[];
  /** A new volume stays empty: the image's files at its path are not copied into it. */
  noCopy?: boolean;
}

export interface VolumeCreateOptions {
  name?: string;
  sizeBytes?: number;
  labels: Record<string, string>;
  /** Uid of the user who made it; undefined for root. */
  owner?: number;
}

export interface VolumeSummary {
  name: string;
  /** Host directory of the volume. */
  path: string;
  sizeBytes?: number;
  labels: Record<string, string>;
  /** Uid of the user who made it; undefined for root. */
  owner?: number;
  isAnonymous: boolean;
  /** Milliseconds since 1970. */
  created: number;
  /** Names of the containers that use the volume, running or not. */
  containers: string[];
}
