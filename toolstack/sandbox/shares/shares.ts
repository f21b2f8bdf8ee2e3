// SPDX-License-Identifier: Apache-2.0
// How folders and files of dom0 come into a sandbox: a 9pfs device, a server of the shim's behind it, its tree mounted by the agent. And
// how they leave one that goes on.

import type { AgentLink } from '../../agent/link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeFiles, encodeFill } from '../../agent/wire-guest.js';
import type { Export } from '../../api/wire.js';
import { describeError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import type { Steps } from '../../base/steps.js';
import { detachDevice } from '../../xen/device-detach.js';
import { attachDevices } from '../../xen/devices.js';
import {
  filesDevice,
  filesRings,
  filesServed,
  filesTag,
  type FilesRing,
} from '../../xen/files-device.js';
import type { XenHost } from '../../xen/host.js';
import type { ShimClient } from '../shim/client.js';

/** A folder or file of dom0 that a sandbox has. */
export interface SharedFile extends Export {
  /** A new volume's: what the root filesystem has at this path is copied into it first. */
  fillFrom?: string;
}

/** Where thaw's own mounts come and go: a guest that had them could keep them from going. */
const OWN_MOUNTS = '/run/thaw';

/**
 * Whether what dom0 mounts below `path` later comes to its guest, where that was asked for: mounts of dom0's are as dom0 made them, so not to
 * one that is read-only, and not where thaw's own are. Pure.
 */
export function canBeSlave(path: string, readOnly: boolean): boolean {
  const isBelow = (one: string, other: string): boolean =>
    `${one}/`.startsWith(other === '/' ? other : `${other}/`);
  return !readOnly && !isBelow(path, OWN_MOUNTS) && !isBelow(OWN_MOUNTS, path);
}

/** The guest's 9pfs device: 0 is a sandbox's own, others are those of a pod's containers. */
export const OWN_FILES = 0;

/** Where a guest has the index-th of what is shared with it over a device. Pure. */
export function sharedPath(index: number, device = OWN_FILES): string {
  return `/run/thaw/files/${filesTag(device)}/${index}`;
}

/** Who is to have them. */
export interface Sharing {
  domid: Domid;
  shim: Pick<ShimClient, 'share' | 'unshare'>;
  link: Pick<AgentLink, 'request'>;
}

const MOUNT_MS = 60_000;
/** An image's whole database may lie there. */
const FILL_MS = 600_000;
/** Above the ten seconds that the agent gives who has them. */
const UNMOUNT_MS = 30_000;

/** What is shared by one device. */
export interface Shared {
  device: number;
  files: readonly SharedFile[];
  /** The device's rings, where they are there already. */
  made?: FilesRing[];
  /** What a guest that was copied while it ran had open of them (docs/ninep.md): it has them mounted, and the device from its first instruction on. */
  stash?: string;
}

/**
 * Resolves once the guest has them. Rejects with ERR_SHIM_REFUSED for a path that
 * cannot be shared.
 */
export async function shareFiles(
  host: XenHost,
  { domid, shim, link }: Sharing,
  { device, files, made, stash }: Shared,
  steps: Steps,
): Promise<void> {
  if (files.length === 0) return;
  const isNew = stash === undefined;
  if (!made && isNew) await steps.time('9pfs', attachDevices(host, domid, [filesDevice(device)]));
  const rings = made ?? (await steps.time('rings', filesRings(host, domid, device)));
  await steps.time('share', shim.share(device, rings, files, isNew ? {} : { stash }));
  await filesServed(host, domid, device);
  if (!isNew) return;
  const request = encodeFiles(filesTag(device));
  await steps.time('files', link.request(AgentType.FILES, request, 'its files', MOUNT_MS));
}

/** Once both they and the root filesystem are there. */
export async function fillVolumes(
  { link }: Pick<Sharing, 'link'>,
  { device, files, rootfs }: { device: number; files: readonly SharedFile[]; rootfs: string },
  steps: Steps,
): Promise<void> {
  for (const [index, { fillFrom }] of files.entries()) {
    if (fillFrom === undefined) continue;
    const request = encodeFill(rootfs, fillFrom, filesTag(device), String(index));
    await steps.time('fill', link.request(AgentType.FILL, request, 'to fill a volume', FILL_MS));
  }
}

/**
 * Undoes shareFiles(), wherever that came to, for who has no process any more. Resolves when nobody serves them, with whether the device is
 * gone: it stays where the guest has files of it open still, for its kernel may ask that device until the domain goes. Rejects when shim or
 * xenstore do not answer.
 */
export async function unshareFiles(
  host: XenHost,
  { domid, shim, link }: Omit<Sharing, 'link'> & { link: Sharing['link'] | undefined },
  device: number,
): Promise<boolean> {
  let letGo = false;
  try {
    const request = encodeFiles(filesTag(device));
    await link?.request(AgentType.UNFILES, request, 'to unmount', UNMOUNT_MS);
    letGo = link !== undefined;
  } catch (error) {
    host.log.warn(`Domain ${domid} keeps 9pfs device ${device}: ${describeError(error)}`);
  }
  await shim.unshare(device);
  if (letGo) await detachDevice(host, domid, { kind: '9pfs', devid: device });
  return letGo;
}
