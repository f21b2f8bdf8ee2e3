// SPDX-License-Identifier: Apache-2.0
// Disk usage.

export interface DiskUsage {
  /** podman's words such as `Images` and `Containers`, and thaw's own `Frozen` and `Templates`. */
  type: string;
  total: number;
  /** Number of those in use. */
  active: number;
  bytes: number;
  /** Bytes that removing everything unused would free. */
  reclaimableBytes: number;
}
