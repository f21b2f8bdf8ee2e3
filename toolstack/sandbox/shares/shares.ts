// SPDX-License-Identifier: Apache-2.0
// Shares folders and files of dom0 with a sandbox: over a 9pfs device, served by the shim and mounted by the agent. Removes shares from a running
// guest.

import type { AgentLink } from '../../agent/agent-link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeShareTag, encodeFill } from '../../agent/wire-guest.js';
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

/** A folder or file of dom0 that a sandbox shares. */
export interface SharedFile extends Export {
  /** The guest's name of the share, as addShare() gave it. Early records of thaw 0.1 lack it: the name is the share's number then. */
  name?: string;
  /** For a new volume: path in the root filesystem whose contents are copied into the volume first. */
  fillFrom?: string;
}

/** Folder of thaw's own mounts, which come and go: a guest that saw them could keep them busy. */
const OWN_MOUNTS = '/run/thaw';

/**
 * True when mounts that dom0 makes below `path` later may reach the guest as slave mounts. A read-only share gets none, since such mounts are as dom0
 * made them. A path above or below thaw's own mounts gets none. Pure.
 */
export function canBeSlave(path: string, readOnly: boolean): boolean {
  const isBelow = (one: string, other: string): boolean =>
    `${one}/`.startsWith(other === '/' ? other : `${other}/`);
  return !readOnly && !isBelow(path, OWN_MOUNTS) && !isBelow(OWN_MOUNTS, path);
}

/** Number of a sandbox's own 9pfs device in the guest. Other numbers are those of a pod's containers. */
export const OWN_FILES = 0;

/** Adds a share under a name of its own, and returns that name. The shim's server counts its exports (proto.h, SHARE), so names are numbers. */
export function addShare(files: SharedFile[], share: Omit<SharedFile, 'name'>): string {
  const name = String(files.length);
  files.push({ name, ...share });
  return name;
}

/** Returns the share of that name. Pure. */
export function shareNamed(files: readonly SharedFile[], wanted: string): SharedFile | undefined {
  return files.find(({ name }, index) => (name ?? String(index)) === wanted);
}

/** Returns the guest's path of the share with that name on a device. Pure. */
export function sharedPath(name: string, device = OWN_FILES): string {
  return `/run/thaw/files/${filesTag(device)}/${name}`;
}

/** The domain that gets the shares. */
export interface Sharing {
  domid: Domid;
  shim: Pick<ShimClient, 'share' | 'unshare'>;
  link: Pick<AgentLink, 'request'>;
}

const MOUNT_MS = 60_000;
/** The image may have a whole database at that path. */
const FILL_MS = 600_000;
/** Above the 10 s that the agent gives processes that use the shares. */
const UNMOUNT_MS = 30_000;

/** The shares of one device. */
export interface Shared {
  device: number;
  files: readonly SharedFile[];
  /** The device's rings, where the guest has made them already. */
  made?: FilesRing[];
  /**
   * Fid snapshot of a guest that was copied while it ran (docs/ninep.md). The guest has the shares mounted, and the device from its first instruction
   * on.
   */
  stash?: string;
}

/** Resolves once the guest has the shares. Rejects with ERR_SHIM_REFUSED for a path that cannot be shared. */
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
  await steps.time('share', shim.share(device, rings, files, isNew ? {} : { fidSnapshot: stash }));
  await filesServed(host, domid, device);
  if (!isNew) return;
  const request = encodeShareTag(filesTag(device));
  await steps.time('files', link.request(AgentType.MOUNT_SHARE, request, 'its files', MOUNT_MS));
}

/** Copies the image's files into new volumes. Shares and root filesystem must be mounted. */
export async function fillVolumes(
  { link }: Pick<Sharing, 'link'>,
  { device, files, rootfs }: { device: number; files: readonly SharedFile[]; rootfs: string },
  steps: Steps,
): Promise<void> {
  for (const [index, { fillFrom, name = String(index) }] of files.entries()) {
    if (fillFrom === undefined) continue;
    const request = encodeFill(rootfs, fillFrom, filesTag(device), name);
    await steps.time('fill', link.request(AgentType.FILL, request, 'to fill a volume', FILL_MS));
  }
}

/**
 * Undoes shareFiles(), however far it came, for a container without processes. Resolves once no server serves the shares, with whether the device is
 * gone. The device stays while the guest has files of it open: its kernel may send it requests until the domain is destroyed. Rejects when shim or
 * xenstore do not answer.
 */
export async function unshareFiles(
  host: XenHost,
  { domid, shim, link }: Omit<Sharing, 'link'> & { link: Sharing['link'] | undefined },
  device: number,
): Promise<boolean> {
  let letGo = false;
  try {
    const request = encodeShareTag(filesTag(device));
    await link?.request(AgentType.UNMOUNT_SHARE, request, 'to unmount', UNMOUNT_MS);
    letGo = link !== undefined;
  } catch (error) {
    host.log.warn(`Domain ${domid} keeps 9pfs device ${device}: ${describeError(error)}`);
  }
  await shim.unshare(device);
  if (letGo) await detachDevice(host, domid, { kind: '9pfs', devid: device });
  return letGo;
}
