// SPDX-License-Identifier: Apache-2.0
// How a fresh clone gets the memory and vCPUs that its container asked for, confirmed by the guest; a default that nobody asked for it gets
// behind the container's start. The guest kernel lets no process be killed for memory that is on its way (docs/kernel.md).

import { encodeResize, AgentType } from '../agent/wire.js';
import type { AgentLink } from '../agent/link.js';
import type { Domid } from '../base/ids.js';
import type { Template } from '../clone/template.js';
import type { XenHost } from '../xen/host.js';
import { setMemoryTarget } from '../xen/memory.js';

/** Rejects with ERR_AGENT_RESIZE when the guest does not have what was asked for within the deadline. */
export async function grow(
  host: XenHost,
  domid: Domid,
  link: AgentLink,
  template: Template,
  want: { memoryKib: number; vcpus: number; growsBehind?: boolean },
): Promise<void> {
  const addedKib = want.memoryKib - template.shape.memoryKib;
  if (addedKib > 0) await setMemoryTarget(host, domid, want.memoryKib);
  if (addedKib > 0 && !want.growsBehind) {
    const memoryKib = template.memTotalKib + Math.floor(addedKib * USABLE_SHARE);
    const what = `${Math.round(want.memoryKib / 1024)} MiB of memory`;
    await confirm(link, { memoryKib, vcpus: 0 }, what);
  }
  if (want.vcpus > 1) {
    await host.libxl.setVcpuOnline(
      domid,
      Array.from({ length: want.vcpus }, (_, i) => i),
    );
    await confirm(link, { memoryKib: 0, vcpus: want.vcpus }, `${want.vcpus} vCPUs`);
  }
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
