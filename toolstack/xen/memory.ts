// SPDX-License-Identifier: Apache-2.0
// Grows a running domain from its template's memory to the memory that its container asked for.

import type { Domid } from '../base/ids.js';
import type { GuestType, XenHost } from './host.js';

/**
 * The paging pool of a PVH domain: 1 MiB for each vCPU and a page for each MiB it may have
 * (libxl__get_required_paging_memory with HAP).
 */
export function pagingPoolKib(maxMemoryKib: number, vcpus: number): number {
  return 4 * (256 * vcpus + Math.ceil(maxMemoryKib / 1024));
}

/**
 * Allows the domain `targetKib` and sets its balloon target. The guest follows in steps, by hot-adding memory.
 * libxl_set_memory_target would take a lock, a transaction and several milliseconds for the same two changes.
 */
export async function setMemoryTarget(
  host: XenHost,
  domid: Domid,
  targetKib: number,
): Promise<void> {
  await allowMemory(host, domid, targetKib);
  await host.xenstore.write(`/local/domain/${domid}/memory/target`, String(targetKib));
}

/** Allows the domain `targetKib` without a balloon target, for a guest that learns its target from its agent. */
export function allowMemory(host: XenHost, domid: Domid, targetKib: number): Promise<void> {
  return host.libxl.setMaxMemory(domid, targetKib + MAXMEM_SLACK_KIB);
}

/** LIBXL_MAXMEM_CONSTANT: memory that libxl allows a domain beyond its own. */
export const MAXMEM_SLACK_KIB = 1024;

/** Lets a domain that was made for less memory grow to `maxMemoryKib`. Its records tell xl of it. */
export async function raiseMemoryLimit(
  host: XenHost,
  domid: Domid,
  { type, vcpus, maxMemoryKib }: { type: GuestType; vcpus: number; maxMemoryKib: number },
): Promise<void> {
  if (type === 'pvh')
    await host.libxl.setPagingMempool(domid, pagingPoolKib(maxMemoryKib, vcpus) * 1024);
}
