// SPDX-License-Identifier: Apache-2.0
// Takes over a container of an earlier thawd: as it is, or as one that has ended meanwhile.

import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { OWN_SLOT, ownSlots, type SharedDomain } from '../../../runtime/shared-domain/index.js';
import {
  adoptShared,
  findState,
  noteUp,
  releaseDomain,
} from '../../../runtime/recover/reattach.js';
import { goOnIfHeld } from '../../../sandbox/snapshot/copy-sandbox.js';
import { OWN_FILES } from '../../../sandbox/shares/shares.js';
import { releaseSandbox } from '../../../sandbox/release.js';
import { WAKE_MS } from '../../../sandbox/agent/connection.js';
import type { OciContainer } from './container.js';
import type { OciServices } from '../services.js';
import { reenterOther } from '../pod/enter.js';
import { GuestNetwork } from '../engine/network.js';
import { isWhole } from '../verbs/checkpoint-folder.js';
import { ownerOf } from '../pod/pod.js';
import { pauseNow } from '../verbs/pause.js';
import type { OciRecord } from './record.js';

/**
 * Takes over one container. The caller takes over containers with their own domain first, then those that are in one of these domains. Resolves with
 * true where the container stays. Releases a container whose create or delete was cut short, and resolves with false.
 */
export async function takeOver(
  services: OciServices,
  container: OciContainer,
  containers: readonly OciContainer[],
): Promise<boolean> {
  const { record, ownsDomain } = container;
  const { host } = services.sandbox;
  if (hasEnded(record) && record.isDeleted !== true) return true;
  if (ownsDomain) await findOwn(services, container);
  else await findPlace(services, container, containers);
  if (record.state === 'creating' || record.isDeleted === true) {
    const what = record.isDeleted === true ? 'delete' : 'create';
    host.log.info(`Undoing OCI container ${record.id}, whose ${what} thawd's end cut short`);
    await container.kill();
    if (ownsDomain) await releaseDomain(services.sandbox, record.sandbox);
    return false;
  }
  const { domain, sandbox } = container;
  const slot = record.place?.slot ?? OWN_SLOT;
  const found = await findState(services.sandbox, { sandbox, slot }, () =>
    services.store.readStatus(record.key),
  );
  if (found.ending || !domain) {
    await container.end(found.ending ?? { reason: 'its domain is gone' });
    if (ownsDomain && !found.first?.exit) await releaseSandbox(services.sandbox, record.sandbox);
    return true;
  }
  const { saving } = record;
  if (saving && (await hasEndedBy(saving, container))) return true;
  if (found.first?.hasBegun === true) noteUp(record, found.isPaused);
  if (!found.isPaused) delete record.diskPause;
  if (hasEnded(record)) return true;
  for (const { process } of found.others) container.execs.adopt(process);
  if (!ownsDomain) return true;
  if (saving) goOn(services, container, domain, saving.wasPaused === true);
  followNetwork(services, container, domain);
  await domain.sandbox.catchUp();
  await domain.sandbox.growOn();
  return true;
}

/** Settles a checkpoint that was cut short. Ends the container and resolves with true where the folder has the whole checkpoint and was to end it. */
async function hasEndedBy(
  saving: NonNullable<OciRecord['saving']>,
  container: OciContainer,
): Promise<boolean> {
  delete container.record.saving;
  if (!(await isWhole(saving))) await rm(join(saving.folder, saving.stash), { force: true });
  else if (saving.ends) {
    await container.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
    return true;
  }
  return false;
}

/**
 * Resumes a container that may be in the middle of a checkpoint, and then pauses it if it was paused before. Excludes pause and resume until then.
 */
function goOn(
  { sandbox: services }: OciServices,
  container: OciContainer,
  domain: SharedDomain,
  wasPaused: boolean,
): void {
  const { record } = container;
  const { libxl } = services.host;
  container.isSaving = container.isPausing = true;
  const again = async (): Promise<void> => {
    await goOnIfHeld(services, domain.sandbox, record.sandbox);
    if (!wasPaused || record.state !== 'running') return;
    // The shim must have the agent's hello before the pause: a frozen guest sends none.
    await domain.sandbox.shim.waitUp(WAKE_MS);
    container.isPausing = false;
    await pauseNow(libxl, container);
  };
  again()
    .catch((error: unknown) => {
      const what = `OCI container ${record.id} is not restored to its state before the checkpoint was cut short`;
      services.host.log.error(what, { error });
    })
    .finally(() => {
      container.isSaving = container.isPausing = false;
      container.network?.changed();
    });
}

/** Follows the container's network: its engine may have changed it while no thawd ran. */
function followNetwork(
  { sandbox: { host } }: OciServices,
  container: OciContainer,
  { sandbox }: SharedDomain,
): void {
  const network = new GuestNetwork(host, container, sandbox);
  container.network = network;
  network.begin().catch((error: unknown) => {
    host.log.warn(`Cannot follow the network of OCI container ${container.record.id}`, { error });
    network.changed();
  });
}

async function findOwn({ sandbox: services }: OciServices, container: OciContainer): Promise<void> {
  const { record, shimEvents } = container;
  services.macs.add(record.sandbox.mac);
  const { slots, routed } = ownSlots(shimEvents);
  const domain = await adoptShared(services, record.sandbox, slots, routed);
  if (!domain) return;
  container.sandbox = domain.sandbox;
  container.domain = domain;
  domain.shares.adopt(OWN_FILES);
  await domain.passSlots();
}

async function findPlace(
  services: OciServices,
  container: OciContainer,
  containers: readonly OciContainer[],
): Promise<void> {
  const { place } = container.record;
  const owner = ownerOf(container, containers);
  if (place && owner?.domain?.isAlive) await reenterOther(services, container, owner, place);
}
