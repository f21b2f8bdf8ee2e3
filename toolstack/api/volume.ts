// SPDX-License-Identifier: Apache-2.0
// What can be asked of volumes, what is told of them, and how a container asks for files of the host.

/** Something of the host that a container sees at a path of its own. */
export interface MountWish {
  type: 'bind' | 'volume';
  /** Absolute path of a bind, name of a volume; '' for a new volume that nobody names. */
  source: string;
  destination: string;
  readOnly: boolean;
  /** What is mounted with, such as noexec. */
  options: string[];
  /** Of a new volume: it stays empty, whatever the image has in its place. */
  noCopy?: boolean;
}

export interface VolumeCreateOptions {
  name?: string;
  sizeBytes?: number;
  labels: Record<string, string>;
}

export interface VolumeSummary {
  name: string;
  /** Its folder in dom0. */
  path: string;
  sizeBytes?: number;
  labels: Record<string, string>;
  isAnonymous: boolean;
  /** Milliseconds since 1970. */
  created: number;
  /** Names of those that have it, whether they run or not. */
  containers: string[];
}
