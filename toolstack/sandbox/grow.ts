// SPDX-License-Identifier: Apache-2.0
// How a fresh clone gets the memory and vCPUs that its container asked for, confirmed by the guest; a default that nobody asked for it gets
// behind the container's start. The guest kernel lets no process be killed for memory that is on its way (docs/kernel.md).

import { encodeResize, AgentType } from '../agent/wire.js';
import type { AgentLink } from '../agent/link.js';
import type { Domid } from '../base/ids.js';
import type { Template } from '../clone/template.js';
import type { XenHost } from '../xen/host.js';
import { setMemoryTarget } from '../xen/memory.js';

export interface WantedSize {
  memoryKib: number;
  vcpus: number;
  growsBehind?: boolean;
}

/** Rejects with ERR_AGENT_RESIZE when the guest does not have what was asked for within the deadline. */
export async function grow(
  host: XenHost,
  domid: Domid,
  link: AgentLink,
  template: Template,
  want: WantedSize,
): Promise<void> {
  if (want.memoryKib > template.shape.memoryKib) {
    await setMemoryTarget(host, domid, want.memoryKib);
    if (!want.growsBehind) await confirmMemory(link, template, want.memoryKib);
  }
  if (want.vcpus > 1) {
    await host.libxl.setVcpuOnline(
      domid,
      Array.from({ length: want.vcpus }, (_, i) => i),
    );
    await confirm(link, { memoryKib: 0, vcpus: want.vcpus }, `${want.vcpus} vCPUs`);
  }
}

/**
 * Resolves, and never rejects, when memory that comes behind the start has come, will not come in time, or is needed no more since the domain
 * is gone. Until then it is promised and not yet counted by Xen.
 */
export async function behindGrowth(
  link: AgentLink,
  template: Template,
  want: WantedSize,
): Promise<void> {
  if (!want.growsBehind || want.memoryKib <= template.shape.memoryKib) return;
  await confirmMemory(link, template, want.memoryKib).catch(() => undefined);
}

function confirmMemory(link: AgentLink, template: Template, wantKib: number): Promise<void> {
  const addedKib = Math.floor((wantKib - template.shape.memoryKib) * USABLE_SHARE);
  const memoryKib = template.memTotalKib + addedKib;
  return confirm(link, { memoryKib, vcpus: 0 }, `${Math.round(wantKib / 1024)} MiB of memory`);
}

/** Page descriptors take 1/64 of added memory; the rest is slack for what is still on its way to the free lists. */
const USABLE_SHARE = 0.96;
const STEP_MS = 90_000;

async function confirm(
  link: AgentLink,
  want: { memoryKib: number; vcpus: number },
  what: string,
): Promise<void> {
  const request = encodeResize({ ...want, timeoutMs: STEP_MS });
  await link.request(AgentType.RESIZE, request, what, STEP_MS + 5000);
}
