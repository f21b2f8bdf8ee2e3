// SPDX-License-Identifier: Apache-2.0
// How domains are found again that an earlier thawd made: by their uuids.

import { asDomid, type Domid } from '../base/ids.js';
import { destroyDomain } from '../xen/destroy.js';
import type { XenHost } from '../xen/host.js';
import { isThawUuid } from '../xen/uuid.js';

/** The domain with that uuid, whether or not its number was written down. */
export async function findDomain(host: XenHost, uuid: string): Promise<Domid | undefined> {
  const found = (await host.libxl.listDomains()).find((domain) => domain.uuid === uuid);
  return found && asDomid(found.domid);
}

/** Destroys thaw's domains that are not among `known`: templates and clones whose thawd was killed while it made them. */
export async function destroyStrays(host: XenHost, known: ReadonlySet<string>): Promise<void> {
  for (const { uuid, domid, name } of await host.libxl.listDomains()) {
    if (!isThawUuid(uuid) || known.has(uuid)) continue;
    host.log.info(`Destroying domain ${name ?? domid}, left by an earlier thawd`, { domid });
    await destroyDomain(host, asDomid(domid), uuid).catch((error: unknown) =>
      host.log.error(`Cannot destroy domain ${domid}`, { error }),
    );
  }
}
