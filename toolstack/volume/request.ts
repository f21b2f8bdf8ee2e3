// SPDX-License-Identifier: Apache-2.0
// Requests for a new volume.

export interface VolumeRequest {
  /** A volume without a name is anonymous, and gets a random one. */
  name?: string | undefined;
  /** A volume with a size is a filesystem of its own. */
  sizeBytes?: number | undefined;
  labels?: Record<string, string>;
}
