// SPDX-License-Identifier: Apache-2.0
// The interface of volume drivers: they make a volume's storage, and make its files reachable in dom0.

import type { VolumeRecord } from '../record.js';
import type { VolumeRequest } from '../request.js';

/** The files are in a subfolder: volume.json is beside it in the volume's folder, and a filesystem's root has a lost+found. */
export const FILES = '_data';

/** thaw calls a driver for one volume change at a time, and removes the volume's folder itself. */
export interface VolumeDriver {
  readonly name: string;
  /** Present where only some containers' end makes the files unreachable again: thaw mounts for the first user, and unmounts after the last. */
  readonly mounts?: VolumeMounts;
  /** Whether the driver makes the volume of that request. */
  accepts(request: VolumeRequest): boolean;
  /** Throws ERR_USAGE for a request that it cannot fulfil. */
  check?(name: string, request: VolumeRequest): void;
  /** The directory with the volume's files, while they are reachable. */
  pathOf(record: VolumeRecord): string;
  /** Makes the storage, with an empty directory for the files. The volume's folder exists. */
  create(record: VolumeRecord): Promise<void>;
  /** Gives up what lies outside the volume's folder, also after a create() that failed. Idempotent. */
  remove?(record: VolumeRecord): Promise<void>;
  /** The bytes that the volume takes up on the host's disks. */
  usage(record: VolumeRecord): Promise<number>;
}

/** Rejections are ERR_VOLUME_DISK. */
export interface VolumeMounts {
  /** Idempotent. */
  mount(record: VolumeRecord): Promise<void>;
  /** Idempotent. */
  unmount(record: VolumeRecord): Promise<void>;
  /** Unmounts all that an earlier thawd mounted, but for volumes that are held; also the volume that it was just making. */
  reconcile(isHeld: (name: string) => boolean): Promise<void>;
}
