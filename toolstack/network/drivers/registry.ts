// SPDX-License-Identifier: Apache-2.0
// All network drivers. A new driver is added here and nowhere else.

import type { Log } from '../../base/log.js';
import type { HostNetwork } from '../host-network.js';
import type { NetworkRequest } from '../request.js';
import { BridgeDriver } from './bridge/driver.js';
import { CniAttachments, type CniFolders } from './cni/attachments.js';
import { CniDriver } from './cni/driver.js';
import type { ManagedDriver } from './driver.js';

// An engine makes its networks itself, so thaw has no records of them: frontends/oci asks for this driver by name.
export { namespaceDriver } from './namespace/driver.js';

export interface DriverServices {
  host: HostNetwork;
  log: Log;
  cni: CniFolders;
}

/** In this order drivers are asked whether they accept a new network; the bridge driver accepts all. */
const MANAGED: readonly ((services: DriverServices) => ManagedDriver)[] = [
  ({ host, log, cni }) => new CniDriver(host, new CniAttachments(cni, log)),
  ({ host }) => new BridgeDriver(host),
];

export class NetworkDrivers {
  readonly all: readonly ManagedDriver[];

  constructor(services: DriverServices) {
    this.all = MANAGED.map((make) => make(services));
  }

  /** The driver that a record or an attachment names. Throws for an unknown one, such as a later version of thaw has. */
  of({ driver: name }: { driver: string }): ManagedDriver {
    const driver = this.all.find((one) => one.name === name);
    if (driver) return driver;
    throw new Error(`This version of thaw has no network driver called "${name}"`);
  }

  has({ driver: name }: { driver: string }): boolean {
    return this.all.some((one) => one.name === name);
  }

  /** The driver of a new network. */
  for(request: NetworkRequest): ManagedDriver {
    const driver = this.all.find((one) => one.accepts(request));
    if (driver) return driver;
    throw new Error(`No network driver makes network "${request.name}"`);
  }
}
