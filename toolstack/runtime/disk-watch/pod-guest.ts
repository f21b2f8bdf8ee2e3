// SPDX-License-Identifier: Apache-2.0
// A pod, whose containers share a domain, as the disk watch sees it.

import type { Pod } from '../pod/index.js';
import { changeMembers, membersOf } from '../pod/verbs.js';
import type { DiskPause } from '../store/disk-pause.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { placesOf } from './container-guest.js';
import type { DiskGuest } from './guest.js';

/** Returns undefined for a pod without a domain. */
export function podGuest(
  services: ContainerServices,
  manager: ContainerManager,
  pod: Pod,
): DiskGuest | undefined {
  const { domain, record } = pod;
  if (!domain) return undefined;
  const places = membersOf(manager, pod).map((member) => placesOf(services, member.record));
  return {
    key: domain.sandbox.record.uuid,
    label: `pod ${record.name}`,
    domid: domain.sandbox.domid,
    runs: record.state === 'running',
    diskPause: record.diskPause,
    files: places.flatMap(({ files }) => files),
    folders: places.flatMap(({ folders }) => folders),
    hold: (reason) => hold(services, manager, pod, reason),
    release: () => release(services, manager, pod),
  };
}

async function hold(
  services: ContainerServices,
  manager: ContainerManager,
  pod: Pod,
  diskPause: DiskPause,
): Promise<boolean> {
  const { domain, record } = pod;
  const { libxl } = services.sandbox.host;
  if (!domain || record.state !== 'running') return false;
  if ((await libxl.domainInfo(domain.sandbox.domid)).paused) return false;
  // Beside the pause, which must not wait for a disk that is busy.
  const written = pod.update({ diskPause });
  written.catch(() => undefined);
  try {
    await libxl.domainPause(domain.sandbox.domid);
  } catch (error) {
    await written.catch(() => undefined);
    await pod.update({ diskPause: undefined });
    throw error;
  }
  // Its failure is that of the next write, too.
  await written.catch(() => undefined);
  if (pod.domain !== domain) return false;
  await pod.update({ state: 'paused' });
  const change = { from: 'running', event: 'pause', action: 'pause', diskPause } as const;
  await changeMembers(services, manager, pod, change);
  return true;
}

async function release(
  services: ContainerServices,
  manager: ContainerManager,
  pod: Pod,
): Promise<boolean> {
  const { domain, record } = pod;
  const { libxl } = services.sandbox.host;
  if (!domain || !record.diskPause) return false;
  const { domid } = domain.sandbox;
  // Once: Xen counts pauses, and another is xl's.
  if ((await libxl.domainInfo(domid)).paused) await libxl.xcDomainUnpause(domid);
  const { paused } = await libxl.domainInfo(domid);
  if (pod.domain !== domain) return false;
  await pod.update({ state: paused ? 'paused' : 'running', diskPause: undefined });
  if (paused) return false;
  const change = { from: 'paused', event: 'resume', action: 'unpause' } as const;
  await changeMembers(services, manager, pod, change);
  return true;
}

/** Settles the records of pods that an earlier thawd was pausing or resuming. Rejects as Xen does. */
export async function settlePods({ pods, sandbox }: ContainerServices): Promise<void> {
  for (const pod of pods.list()) {
    const { domain, record } = pod;
    if (!domain || !record.diskPause) continue;
    const { paused } = await sandbox.host.libxl.domainInfo(domain.sandbox.domid);
    if (paused) await pod.update({ state: 'paused' });
    else await pod.update({ state: 'running', diskPause: undefined });
  }
}

/** Notices pods that xl resumed although the watch had paused them. Rejects as Xen does. */
export async function noticePods({ pods, sandbox }: ContainerServices): Promise<void> {
  for (const pod of pods.list()) {
    const { domain, record } = pod;
    // A pod that is just being paused is not in this state yet.
    if (!domain || !record.diskPause || record.state !== 'paused') continue;
    const { paused } = await sandbox.host.libxl.domainInfo(domain.sandbox.domid);
    if (!paused) await pod.update({ state: 'running', diskPause: undefined });
  }
}
