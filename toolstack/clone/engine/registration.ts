// SPDX-License-Identifier: Apache-2.0
// How xenstore comes to know a clone that has woken without it. Its container may run by then; what is needed for it is written down, since a
// thawd may end before.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { libxlConfig, type DomainConfig } from '../../xen/config.js';
import type { XenHost } from '../../xen/host.js';
import { guestNodes } from '../../xen/records.js';
import { changeStore } from '../../xen/store-change.js';
import { writeUserdata } from '../../xen/userdata.js';

export interface Introduction {
  /** Its memory is what the domain has by then. */
  config: DomainConfig;
  /** A guest frame of a PVH domain, a machine frame of a PV one. */
  storeFrame: number;
  storePort: number;
  /** What the front end of its first vif has in xenstore, which is connected already. */
  vif: Record<string, string>;
}

/** Writes what its guest looks for, `more` with it, and then introduces it. Once. Rejects when xenstore refuses. */
export async function introduceClone(
  host: XenHost,
  domid: Domid,
  { config, storeFrame, storePort }: Omit<Introduction, 'vif'>,
  more: readonly StoreEntry[],
  userdataFolder?: string,
): Promise<void> {
  await changeStore(host, (tx) => tx.writeAll([...guestNodes(domid, config), ...more]));
  // Not of a domain that has ended, for which xenstore has refused.
  await writeUserdata(domid, config.uuid, libxlConfig(config), userdataFolder);
  await host.xenstore.introduce(domid, storeFrame, storePort);
}
