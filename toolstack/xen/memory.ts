// SPDX-License-Identifier: Apache-2.0
// How a running domain grows from its template's memory to what its container asked for.

import type { Domid } from '../base/ids.js';
import type { GuestType, XenHost } from './host.js';

/**
 * The paging pool of a PVH domain: 1 MiB for each vCPU and a page for each MiB it may have
 * (libxl__get_required_paging_memory with HAP).
 */
export function pagingPoolKib(maxMemoryKib: number, vcpus: number): number {
  return 4 * (256 * vcpus + Math.ceil(maxMemoryKib / 1024));
}

/** Allows and asks for `targetKib`; the guest's balloon follows in steps that it can carry, by hot-adding memory. The domain's static-max must be that high. */
export async function setMemoryTarget(
  host: XenHost,
  domid: Domid,
  targetKib: number,
): Promise<void> {
  await host.libxl.setMemoryTarget(domid, targetKib, { enforce: true });
}

/** Lets a domain that was made for less memory grow to `maxMemoryKib`. */
export async function raiseMemoryLimit(
  host: XenHost,
  domid: Domid,
  { type, vcpus, maxMemoryKib }: { type: GuestType; vcpus: number; maxMemoryKib: number },
): Promise<void> {
  await host.xenstore.write(`/local/domain/${domid}/memory/static-max`, String(maxMemoryKib));
  if (type === 'pvh')
    await host.libxl.setPagingMempool(domid, pagingPoolKib(maxMemoryKib, vcpus) * 1024);
}
