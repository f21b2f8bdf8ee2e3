// SPDX-License-Identifier: Apache-2.0
// All volume drivers. A new driver is added here and nowhere else.

import type { VolumeRequest } from '../request.js';
import type { VolumeDriver } from './driver.js';
import { Ext4FileDriver } from './ext4-file/driver.js';
import type { DiskTools } from './ext4-file/tools.js';
import { FolderDriver } from './folder/driver.js';

export interface DriverServices {
  /** The volume's own folder. */
  folderOf: (name: string) => string;
  /** The folder below which volumes are mounted. */
  mounts: string;
  tools: DiskTools;
}

/** In this order drivers are asked whether they accept a new volume; the folder driver accepts all. */
const DRIVERS: readonly ((services: DriverServices) => VolumeDriver)[] = [
  (services) => new Ext4FileDriver(services),
  (services) => new FolderDriver(services),
];

export class VolumeDrivers {
  readonly all: readonly VolumeDriver[];

  constructor(services: DriverServices) {
    this.all = DRIVERS.map((make) => make(services));
  }

  /** The driver that a record names. Throws for an unknown one, such as a later version of thaw has. */
  of({ driver: name }: { driver: string }): VolumeDriver {
    const driver = this.all.find((one) => one.name === name);
    if (driver) return driver;
    throw new Error(`This version of thaw has no volume driver called "${name}"`);
  }

  has({ driver: name }: { driver: string }): boolean {
    return this.all.some((one) => one.name === name);
  }

  /** The driver of a new volume. */
  for(request: VolumeRequest): VolumeDriver {
    const driver = this.all.find((one) => one.accepts(request));
    if (driver) return driver;
    throw new Error('No volume driver accepts the request');
  }
}
