// SPDX-License-Identifier: Apache-2.0
// All volume drivers. A new driver is added here and nowhere else.

import type { VolumeRequest } from '../request.js';
import type { VolumeDriver } from './driver.js';
import { Ext4FileDriver } from './ext4-file/driver.js';
import type { DiskTools } from './ext4-file/tools.js';
import { FolderDriver } from './folder/driver.js';

export { ext4Tools, type DiskTools } from './ext4-file/tools.js';

export interface DriverServices {
  /** Returns the volume's own folder. */
  folderOf: (name: string) => string;
  /** The folder below which volumes are mounted. */
  mounts: string;
  tools: DiskTools;
}

/** The first driver in this order that accepts a new volume gets it; the folder driver accepts all. */
const DRIVERS: readonly ((services: DriverServices) => VolumeDriver)[] = [
  (services) => new Ext4FileDriver(services),
  (services) => new FolderDriver(services),
];

export class VolumeDrivers {
  readonly all: readonly VolumeDriver[];

  constructor(services: DriverServices) {
    this.all = DRIVERS.map((make) => make(services));
  }

  /** Returns the driver that a record names. Throws for an unknown driver, such as one of a later version of thaw. */
  of({ driver: name }: { driver: string }): VolumeDriver {
    const driver = this.all.find((one) => one.name === name);
    if (driver) return driver;
    throw new Error(`This version of thaw has no volume driver called "${name}"`);
  }

  has({ driver: name }: { driver: string }): boolean {
    return this.all.some((one) => one.name === name);
  }

  /** Returns the driver for a new volume. */
  for(request: VolumeRequest): VolumeDriver {
    const driver = this.all.find((one) => one.accepts(request));
    if (driver) return driver;
    throw new Error('No volume driver accepts the request');
  }
}
