// SPDX-License-Identifier: Apache-2.0
// Facts about the host.

import type { DomainType } from './container.js';

export interface HostInfo {
  version: string;
  xen: { version: string; capabilities: string[]; commandline: string };
  host: { cpus: number; memoryBytes: number; freeMemoryBytes: number };
  defaults: { type: DomainType; memoryBytes: number };
  templates: {
    key: string;
    type: DomainType;
    vcpus: number;
    memoryBytes: number;
    bytes: number;
    ready: number;
  }[];
  containers: { running: number; ended: number };
  images: number;
  /** The filesystems that hold files of thaw. */
  disks: {
    /** The folder where the filesystem is mounted. */
    path: string;
    holds: string[];
    totalBytes: number;
    freeBytes: number;
    /** The space that stays free for running containers. */
    reserveBytes: number;
  }[];
  paths: { state: string; run: string; guest: string };
}
