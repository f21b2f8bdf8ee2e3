// SPDX-License-Identifier: Apache-2.0
// Defines the request for a new volume.

export interface VolumeRequest {
  /** A volume without a name is anonymous, and gets a random name. */
  name?: string | undefined;
  /** A volume with a size has its own filesystem. */
  sizeBytes?: number | undefined;
  labels?: Record<string, string>;
  /** Uid of the user who asks; undefined for root. */
  owner?: number | undefined;
}
