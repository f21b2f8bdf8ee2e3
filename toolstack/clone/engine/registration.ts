// SPDX-License-Identifier: Apache-2.0
// Registers a clone that woke without xenstore. Its container may run by then, and thawd may be killed before, so the record holds all
// that a registration needs.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { libxlConfig, type DomainConfig } from '../../xen/config.js';
import type { XenHost } from '../../xen/host.js';
import { guestNodes } from '../../xen/records.js';
import { changeStore } from '../../xen/store-change.js';
import { writeUserdata } from '../../xen/userdata.js';

export interface Introduction {
  /** Its memory is the domain's memory at the time of the registration. */
  config: DomainConfig;
  /** A guest frame of a PVH domain, a machine frame of a PV one. */
  storeFrame: number;
  storePort: number;
  /** Front end nodes of the first vif, which is connected already. */
  vif: Record<string, string>;
}

/** Writes the nodes that the guest looks for, and `more`, then introduces the domain. Called once. Rejects when xenstore refuses. */
export async function introduceClone(
  host: XenHost,
  domid: Domid,
  { config, storeFrame, storePort }: Omit<Introduction, 'vif'>,
  more: readonly StoreEntry[],
  userdataFolder?: string,
): Promise<void> {
  await changeStore(host, (tx) => tx.writeAll([...guestNodes(domid, config), ...more]));
  // A domain that has ended, which xenstore refused, is not introduced.
  await writeUserdata(domid, config.uuid, libxlConfig(config), userdataFolder);
  await host.xenstore.introduce(domid, storeFrame, storePort);
}
