// SPDX-License-Identifier: Apache-2.0
// What is told of the disk that thaw has.

export interface DiskUsage {
  /** As podman calls it: `Images`, `Containers`; and thaw's own `Frozen` and `Templates`. */
  type: string;
  total: number;
  /** How many are in use. */
  active: number;
  bytes: number;
  /** What pruning, or removing all that is not in use, would win. */
  reclaimableBytes: number;
}
