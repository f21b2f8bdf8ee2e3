// SPDX-License-Identifier: Apache-2.0
// A container with a domain of its own, as the disk watch sees it.

import { dirname } from 'node:path';
import type { Container } from '../lifecycle/container.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { DiskPause } from '../store/disk-pause.js';
import type { ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';
import { volumesOf } from '../create/volumes.js';
import type { DiskGuest } from './guest.js';

type Services = Pick<ContainerServices, 'sandbox' | 'events' | 'records' | 'volumes'>;

/** Returns undefined for a container without a domain of its own that runs. */
export function containerGuest(services: Services, container: Container): DiskGuest | undefined {
  const { record, sandbox } = container;
  if (!sandbox || record.pod || !isUp(record)) return undefined;
  return {
    key: record.sandbox.uuid,
    label: container.label,
    domid: sandbox.domid,
    runs: record.state === 'running',
    diskPause: record.state === 'paused' ? record.diskPause : undefined,
    ...placesOf(services, record),
    hold: (reason) => container.exclusive(() => hold(services, container, reason)),
    release: () => container.exclusive(() => release(services, container)),
  };
}

/** Folder of thaw's own mounts, where volumes with a size appear. */
const OWN_MOUNTS = '/run/thaw/';

/** Returns the files and folders of dom0 that a container's guest makes grow. Pure. */
export function placesOf(
  { records, volumes }: Pick<Services, 'records' | 'volumes'>,
  record: ContainerRecord,
): Pick<DiskGuest, 'files' | 'folders'> {
  const { disk, files: shares = [] } = record.sandbox;
  const shared = shares
    .filter(({ readOnly, path }) => !readOnly && !path.startsWith(OWN_MOUNTS))
    .map(({ path }) => path);
  const ofVolumes = volumesOf(record).length > 0 ? [volumes.folder] : [];
  return {
    files: disk ? [disk.path] : [],
    folders: [dirname(records.logPath(record.id)), ...shared, ...ofVolumes],
  };
}

async function hold(
  { sandbox: { host }, events }: Services,
  container: Container,
  diskPause: DiskPause,
): Promise<boolean> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) return false;
  // A domain that xl paused does not grow, and is the administrator's to resume.
  if ((await host.libxl.domainInfo(sandbox.domid)).paused) return false;
  // Beside the pause, which must not wait for a disk that is busy.
  const written = container.update({ diskPause });
  written.catch(() => undefined);
  try {
    await host.libxl.domainPause(sandbox.domid);
  } catch (error) {
    await written.catch(() => undefined);
    if (isUp(record)) await container.update({ diskPause: undefined });
    throw error;
  }
  // Its failure is that of the next write, too.
  await written.catch(() => undefined);
  if (!isUp(record) || container.sandbox !== sandbox) return false;
  const noted = container.transition('pause');
  events.tell('pause', record);
  await noted;
  return true;
}

async function release(
  { sandbox: { host }, events }: Services,
  container: Container,
): Promise<boolean> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox || !record.diskPause) return false;
  const { libxl } = host;
  // Once: Xen counts pauses, and another is xl's.
  if ((await libxl.domainInfo(sandbox.domid)).paused) await libxl.xcDomainUnpause(sandbox.domid);
  const { paused } = await libxl.domainInfo(sandbox.domid);
  if (!isUp(record) || container.sandbox !== sandbox) return false;
  if (paused) {
    await container.update({ diskPause: undefined });
    return false;
  }
  const noted = container.transition('resume', { diskPause: undefined });
  events.tell('unpause', record);
  await noted;
  return true;
}
