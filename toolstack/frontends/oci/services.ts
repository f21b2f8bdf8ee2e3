// SPDX-License-Identifier: Apache-2.0
// Services that the commands of a container engine use.

import type { FolderLayers } from '../../image/index.js';
import type { Pool } from '../../sandbox/pool/pool.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { OciDevice } from './config/devices.js';
import type { OciStore } from './container/record.js';

export interface OciServices {
  sandbox: SandboxServices;
  pool: Pool;
  store: OciStore;
  devices: DeviceGivers;
  /** Layers of root filesystems that the guest has as disks, in place of a share. */
  layers: FolderLayers;
}

/** Prevents two containers from writing to one disk. */
export interface DeviceGivers {
  /** Rejects with ERR_DEVICE. */
  give(key: string, name: string, devices: readonly OciDevice[]): Promise<void>;
  /** Gives a container the devices that it had under an earlier thawd. */
  adopt(container: { id: string; name: string; sandbox: SandboxRecord }): Promise<void>;
  /** Marks the container as ending: its processes have ended and its domain is ending. Another container that wants one of its devices waits. */
  ends(key: string): void;
  /** Idempotent. */
  takeBack(key: string): void;
}
