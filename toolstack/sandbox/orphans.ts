// SPDX-License-Identifier: Apache-2.0
// Finds domains of an earlier thawd by their uuids, and removes those that belong to no known sandbox.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asDomid, type Domid } from '../base/ids.js';
import { destroyDomain } from '../xen/destroy.js';
import type { XenHost } from '../xen/host.js';
import { recordedDomains } from '../xen/records.js';
import { isThawUuid } from '../xen/uuid.js';
import type { SandboxServices } from './services.js';
import { ShimClient } from './shim/client.js';
import { shimSocket } from './shim/process.js';

/** Returns the domain with that uuid, even where its domid was not recorded. */
export async function findDomain(host: XenHost, uuid: string): Promise<Domid | undefined> {
  const found = (await host.libxl.listDomains()).find((domain) => domain.uuid === uuid);
  return found && asDomid(found.domid);
}

/** Destroys thaw's domains that are not in `known`: templates and clones whose thawd was killed while it made them. */
export async function destroyOrphans(host: XenHost, known: ReadonlySet<string>): Promise<void> {
  for (const { uuid, domid, name } of await host.libxl.listDomains()) {
    if (!isThawUuid(uuid) || known.has(uuid)) continue;
    host.log.info(`Destroying domain ${name ?? domid}, left by an earlier thawd`, { domid });
    await destroyDomain(host, asDomid(domid), uuid).catch((error: unknown) =>
      host.log.error(`Cannot destroy domain ${domid}`, { error }),
    );
  }
}

/**
 * Removes the xenstore records of thaw's destroyed domains. Either a thawd was killed after it destroyed the domain and before it removed the
 * records, or the domain ended by itself while no thawd ran.
 */
export async function removeOrphanRecords(
  host: XenHost,
  known: ReadonlySet<string>,
): Promise<void> {
  const alive = new Set((await host.libxl.listDomains()).map(({ uuid }) => uuid));
  for (const { domid, uuid } of await recordedDomains(host)) {
    if (!isThawUuid(uuid) || known.has(uuid) || alive.has(uuid)) continue;
    host.log.info(`Removing the xenstore records of domain ${domid}, which is gone`, { domid });
    await destroyDomain(host, asDomid(domid), uuid).catch((error: unknown) =>
      host.log.error(`Cannot remove the xenstore records of domain ${domid}`, { error }),
    );
  }
}

/** Ends the shims and removes the folders of sandboxes that are not in `known`: clones of the pool, and clones that were being made. */
export async function sweepFolders(
  services: Pick<SandboxServices, 'host' | 'runFolder' | 'shims'>,
  known: ReadonlySet<string>,
): Promise<void> {
  const names = await readdir(services.runFolder).catch(() => []);
  await Promise.all(
    names
      .filter((name) => !known.has(name))
      .map(async (name) => {
        const folder = join(services.runFolder, name);
        const shim = await ShimClient.connect(shimSocket(folder), NULL_CLIENT, 0).catch(
          () => undefined,
        );
        await shim
          ?.quit(QUIT_MS)
          .catch((error: unknown) =>
            services.host.log.error(`Cannot end the shim in ${folder}`, { error }),
          );
        await rm(folder, { recursive: true, force: true });
        services.shims.left(folder);
      }),
  );
}

const NULL_CLIENT = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
const QUIT_MS = 10_000;
