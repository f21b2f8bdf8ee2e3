// SPDX-License-Identifier: Apache-2.0
// The interface of volume drivers. A driver makes a volume's storage, and makes its files reachable in dom0.

import type { VolumeRecord } from '../record.js';
import type { VolumeRequest } from '../request.js';

/** The files are in a subfolder: volume.json is beside it in the volume's folder, and a filesystem's root has a lost+found. */
export const FILES = '_data';

/** thaw calls a driver for one volume change at a time, and removes the volume's folder itself. */
export interface VolumeDriver {
  readonly name: string;
  /** Present for a driver that must mount the files: thaw mounts for the first container, and unmounts after the last. */
  readonly mounts?: VolumeMounts;
  /** True when the driver makes the volume of that request. */
  accepts(request: VolumeRequest): boolean;
  /** Throws ERR_USAGE for a request that it cannot fulfil. */
  check?(name: string, request: VolumeRequest): void;
  /** Returns the bytes that create() writes, about; absent for a driver that writes next to nothing. */
  newBytes?(record: VolumeRecord): number;
  /** Returns the directory of the volume's files, which is valid while they are reachable. */
  pathOf(record: VolumeRecord): string;
  /** Makes the storage, with an empty directory for the files. The volume's folder exists. */
  create(record: VolumeRecord): Promise<void>;
  /** Releases the storage's resources outside the volume's folder, also after a failed create(). Idempotent. */
  remove?(record: VolumeRecord): Promise<void>;
  /** Resolves with the bytes that the volume takes up on the host's disks. */
  usage(record: VolumeRecord): Promise<number>;
}

/** All methods reject with ERR_VOLUME_DISK. */
export interface VolumeMounts {
  /** Idempotent. */
  mount(record: VolumeRecord): Promise<void>;
  /** Idempotent. */
  unmount(record: VolumeRecord): Promise<void>;
  /** Unmounts all volumes that an earlier thawd mounted, also one that it was still making, but no held volume. */
  reconcile(isHeld: (name: string) => boolean): Promise<void>;
}
