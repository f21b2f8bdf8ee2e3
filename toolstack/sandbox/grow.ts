// SPDX-License-Identifier: Apache-2.0
// How a fresh clone gets the memory and vCPUs that its container asked for, confirmed by the guest; a default that nobody asked for it gets
// behind the container's start. The guest kernel lets no process be killed for memory that is on its way (docs/kernel.md).

import { encodeResize, AgentType } from '../agent/wire.js';
import type { AgentLink } from '../agent/link.js';
import { sleep } from '../base/deadline.js';
import { describeError } from '../base/errors.js';
import type { Template } from '../clone/template.js';
import type { XenHost } from '../xen/host.js';
import { raiseMemoryLimit, setMemoryTarget } from '../xen/memory.js';
import type { Ready } from './ready.js';

export interface WantedSize {
  memoryKib: number;
  vcpus: number;
  growsBehind?: boolean;
}

/** Confirmed by the guest: vCPUs, and memory that was asked for. Rejects with ERR_AGENT_RESIZE when it does not have it within the deadline. */
export async function grow(host: XenHost, ready: Ready, want: WantedSize): Promise<void> {
  const { domid, link, template } = ready;
  if (want.memoryKib > template.shape.memoryKib && !want.growsBehind) {
    await setTarget(host, ready, want.memoryKib);
    await confirmMemory(link, template, want.memoryKib);
  }
  if (want.vcpus > 1) {
    await host.libxl.setVcpuOnline(
      domid,
      Array.from({ length: want.vcpus }, (_, i) => i),
    );
    await confirm(link, { memoryKib: 0, vcpus: want.vcpus }, `${want.vcpus} vCPUs`);
  }
}

export interface Behind {
  /** What mount and start need before `when`, beside what the guest has. */
  firstKib: number;
  /** The start, after which the rest comes: what brings it takes the vCPU from the container. */
  when: Promise<unknown>;
}

/**
 * Gives a guest the memory that nobody asked for. Resolves, and never rejects, when it has come, will not come in time, or is needed no
 * more since the domain is gone. Until then it is promised and not yet counted by Xen.
 */
export async function growBehind(
  host: XenHost,
  ready: Ready,
  want: WantedSize,
  { firstKib, when }: Behind,
): Promise<void> {
  const { link, template } = ready;
  const baseKib = template.shape.memoryKib;
  if (!want.growsBehind || want.memoryKib <= baseKib) return;
  try {
    if (firstKib > 0) await setTarget(host, ready, Math.min(baseKib + firstKib, want.memoryKib));
    // A start that wants for memory would wait in vain.
    await Promise.race([when, sleep(LATEST_MS)]);
    await setTarget(host, ready, want.memoryKib);
    await confirmMemory(link, template, want.memoryKib);
  } catch (error) {
    host.log.debug(
      `Domain ${ready.domid} has less memory than its default: ${describeError(error)}`,
    );
  }
}

const LATEST_MS = 100;

/** A clone that waited was made for no more than it has. */
async function setTarget(
  host: XenHost,
  { domid, template, record: made }: Ready,
  targetKib: number,
): Promise<void> {
  const { type, vcpus } = template.shape;
  if (targetKib > made.memoryKib)
    await raiseMemoryLimit(host, domid, { type, vcpus, maxMemoryKib: targetKib });
  await setMemoryTarget(host, domid, targetKib);
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
