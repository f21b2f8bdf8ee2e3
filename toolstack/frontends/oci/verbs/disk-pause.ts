// SPDX-License-Identifier: Apache-2.0
// Engines' containers as the disk watch sees them: those of one domain are paused and resumed together.

import { dirname } from 'node:path';
import type { DiskGuest } from '../../../runtime/disk-watch/guest.js';
import { isUp } from '../../../runtime/lifecycle/lifecycle.js';
import type { DiskPause } from '../../../runtime/store/disk-pause.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';
import { resume } from './pause.js';

type Services = Pick<OciServices, 'sandbox' | 'store'>;

/** Returns the guests of all domains that engines' containers own. */
export function ociGuests(services: Services, all: readonly OciContainer[]): DiskGuest[] {
  return all.flatMap((owner) => {
    const { record, domain, ownsDomain, label, isPausing, isSaving } = owner;
    if (!domain || !ownsDomain || !isUp(record)) return [];
    const members = membersOf(owner, all);
    return {
      key: record.sandbox.uuid,
      label,
      domid: domain.sandbox.domid,
      // A container that its engine is pausing or saving does not grow, or not for long.
      runs: record.state === 'running' && !isPausing && !isSaving,
      diskPause: record.state === 'paused' ? record.diskPause : undefined,
      files: [],
      folders: members.flatMap((member) => foldersOf(services, member)),
      hold: (reason) => hold(services, owner, members, reason),
      release: () => release(services, owner, members),
    };
  });
}

/**
 * thaw-oci resume: resumes a paused container. Where thaw paused it, with all of its domain, that needs room on the disk. Rejects with
 * ERR_DISK_RESERVE, and as resume() does.
 */
export async function resumeWithRoom(
  services: Services,
  container: OciContainer,
  all: readonly OciContainer[],
): Promise<void> {
  const { record } = container;
  const { reserve, host } = services.sandbox;
  const owner = ownerOf(container, all);
  if (!record.diskPause || !owner) return resume(host.libxl, container);
  await reserve.check(record.diskPause.path, `resume container "${record.id}"`);
  await release(services, owner, membersOf(owner, all));
}

/** Makes thaw's pause of a domain the engine's own. Returns false for a container that thaw did not pause. */
export async function takeOverPause(
  container: OciContainer,
  all: readonly OciContainer[],
): Promise<boolean> {
  const owner = ownerOf(container, all);
  if (container.record.state !== 'paused' || !container.record.diskPause || !owner) return false;
  for (const member of membersOf(owner, all)) await member.update({ diskPause: undefined });
  return true;
}

function ownerOf(container: OciContainer, all: readonly OciContainer[]): OciContainer | undefined {
  const { inDomainOf } = container.record;
  return inDomainOf === undefined ? container : all.find(({ record }) => record.key === inDomainOf);
}

/** Returns the containers in the owner's domain, the owner first. */
function membersOf(owner: OciContainer, all: readonly OciContainer[]): OciContainer[] {
  return [owner, ...all.filter(({ record }) => record.inDomainOf === owner.record.key)];
}

function foldersOf({ store }: Services, { record }: OciContainer): string[] {
  const shares = (record.sandbox.files ?? []).filter(({ readOnly }) => !readOnly);
  return [dirname(store.logPath(record.key)), ...shares.map(({ path }) => path)];
}

async function hold(
  { sandbox: { host } }: Services,
  owner: OciContainer,
  members: readonly OciContainer[],
  diskPause: DiskPause,
): Promise<boolean> {
  const { record, domain, isPausing, isSaving } = owner;
  if (record.state !== 'running' || !domain || isPausing || isSaving) return false;
  const { domid } = domain.sandbox;
  owner.isPausing = true;
  try {
    if ((await host.libxl.domainInfo(domid)).paused) return false;
    record.diskPause = diskPause;
    await host.libxl.domainPause(domid);
    for (const member of members)
      if (member.record.state === 'running') await member.transition('pause', { diskPause });
    return true;
  } catch (error) {
    delete record.diskPause;
    throw error;
  } finally {
    owner.isPausing = false;
  }
}

async function release(
  { sandbox: { host } }: Services,
  owner: OciContainer,
  members: readonly OciContainer[],
): Promise<boolean> {
  const { domain } = owner;
  const held = members.filter(({ record }) => record.state === 'paused' && record.diskPause);
  if (!domain || held.length === 0) return false;
  const { domid } = domain.sandbox;
  // Once: Xen counts pauses, and another is xl's.
  if ((await host.libxl.domainInfo(domid)).paused) await host.libxl.xcDomainUnpause(domid);
  const { paused } = await host.libxl.domainInfo(domid);
  for (const member of held) {
    if (member.record.state !== 'paused') continue;
    if (paused) await member.update({ diskPause: undefined });
    else await member.transition('resume', { diskPause: undefined });
  }
  // The guest could not hear of changes of its network meanwhile.
  owner.network?.changed();
  return !paused;
}
