// SPDX-License-Identifier: Apache-2.0
// All network drivers. A new driver is added here and nowhere else.

import type { Log } from '../../base/log.js';
import type { HostNetwork } from '../host-network.js';
import type { NetworkRequest } from '../request.js';
import { BridgeDriver } from './bridge/driver.js';
import { CniAttachments, type CniFolders } from './cni/attachments.js';
import { CniDriver } from './cni/driver.js';
import type { Sources } from '../sources/sources.js';
import type { ManagedDriver } from './driver.js';

export type { CniFolders } from './cni/attachments.js';
export type {
  CarriedLink,
  FollowedNamespace,
  NamespaceGuest,
} from './namespace/followed-namespace.js';
// A container engine makes its own networks, so thaw has no records of them. frontends/oci uses this driver by name.
export { namespaceDriver } from './namespace/driver.js';

export interface DriverServices {
  host: HostNetwork;
  log: Log;
  sources: Sources;
  cni: CniFolders;
}

/** The first driver in this order that accepts a new network gets it; the bridge driver accepts all. */
const MANAGED: readonly ((services: DriverServices) => ManagedDriver)[] = [
  ({ host, log, cni }) => new CniDriver(host, new CniAttachments(cni, log)),
  ({ host, sources }) => new BridgeDriver(host, sources),
];

export class NetworkDrivers {
  readonly all: readonly ManagedDriver[];

  constructor(services: DriverServices) {
    this.all = MANAGED.map((make) => make(services));
  }

  /** Returns the driver that a record or an attachment names. Throws for an unknown driver, such as one of a later version of thaw. */
  of({ driver: name }: { driver: string }): ManagedDriver {
    const driver = this.all.find((one) => one.name === name);
    if (driver) return driver;
    throw new Error(`This version of thaw has no network driver called "${name}"`);
  }

  has({ driver: name }: { driver: string }): boolean {
    return this.all.some((one) => one.name === name);
  }

  /** Returns the driver for a new network. */
  for(request: NetworkRequest): ManagedDriver {
    const driver = this.all.find((one) => one.accepts(request));
    if (driver) return driver;
    throw new Error(`No network driver makes network "${request.name}"`);
  }
}
