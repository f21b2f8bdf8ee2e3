// SPDX-License-Identifier: Apache-2.0
// How folders and files of dom0 come into a sandbox: a 9pfs device, the shim's server behind it, its tree mounted by the agent.

import { encodeFiles, encodeFill, AgentType } from '../agent/wire.js';
import type { Export } from '../api/wire.js';
import type { Steps } from '../base/steps.js';
import { attachDevices } from '../xen/devices.js';
import { FILES_TAG, filesDevice, filesRings, filesServed } from '../xen/files-device.js';
import type { Ready } from './ready.js';
import { ROOTFS } from './sandbox.js';
import type { SandboxServices } from './services.js';

/** A folder or file of dom0 that a sandbox has. */
export interface SharedFile extends Export {
  /** A new volume's: what the root filesystem has at this path is copied into it first. */
  fillFrom?: string;
}

/** Where a guest has the index-th of what is shared with it. */
export function sharedPath(index: number): string {
  return `/run/thaw/files/${index}`;
}

const MOUNT_MS = 60_000;
/** An image's whole database may lie there. */
const FILL_MS = 600_000;

/** Resolves once the guest has them. Rejects with ERR_SHIM_REFUSED for a path that cannot be shared. */
export async function shareFiles(
  { host }: SandboxServices,
  { domid, shim, link }: Ready,
  files: readonly SharedFile[],
  steps: Steps,
): Promise<void> {
  if (files.length === 0) return;
  await steps.time('9pfs', attachDevices(host, domid, [filesDevice()]));
  const rings = await steps.time('rings', filesRings(host, domid));
  await steps.time('share', shim.share(rings, files));
  await filesServed(host, domid);
  const request = encodeFiles(FILES_TAG);
  await steps.time('files', link.request(AgentType.FILES, request, 'its files', MOUNT_MS));
}

/** Once both they and the root filesystem are there. */
export async function fillVolumes(
  { link }: Ready,
  files: readonly SharedFile[],
  steps: Steps,
): Promise<void> {
  for (const [index, { fillFrom }] of files.entries()) {
    if (fillFrom === undefined) continue;
    const request = encodeFill(ROOTFS, fillFrom, String(index));
    await steps.time('fill', link.request(AgentType.FILL, request, 'to fill a volume', FILL_MS));
  }
}
