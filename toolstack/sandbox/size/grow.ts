// SPDX-License-Identifier: Apache-2.0
// Gives a fresh clone its container's memory and vCPUs, confirmed by the guest. Default memory comes after the container's start. The guest's kernel
// kills no process for want of memory that is on its way (docs/kernel.md).

import { AgentType } from '../../agent/wire.js';
import { encodeResize } from '../../agent/wire-guest.js';
import type { AgentLink } from '../../agent/agent-link.js';
import { sleep } from '../../base/deadline.js';
import { describeError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import type { XenHost } from '../../xen/host.js';
import { allowMemory, raiseMemoryLimit, setMemoryTarget } from '../../xen/memory.js';
import type { Ready } from '../boot/booted-clone.js';
import type { SandboxRecord } from '../record.js';

export interface WantedSize {
  memoryKib: number;
  vcpus: number;
  growsBehind?: boolean;
}

/**
 * Gives a guest the requested memory, or the memory that it needs until the default arrives after its start. Resolves when the guest has it. No layer
 * may fill the guest's memory before that: the guest would have none left to describe the new memory. Rejects with ERR_AGENT_RESIZE when the guest
 * does not have it within the deadline.
 */
export async function growMemory(
  host: XenHost,
  ready: Ready,
  want: WantedSize,
  firstKib: number,
): Promise<void> {
  const { memoryKib: hasKib, template } = ready;
  const targetKib = want.growsBehind
    ? Math.min(template.shape.memoryKib + firstKib, want.memoryKib)
    : want.memoryKib;
  if (targetKib <= hasKib) return;
  const { introduction } = ready.record;
  // The guest's balloon driver has read its target from xenstore. It reads it again only when the target changes, or finds the same value there
  // later.
  const isQuick = ready.hasVif || introduction !== undefined;
  if (introduction) introduction.config.memoryKib = targetKib;
  if (isQuick) {
    await raiseLimit(host, ready, targetKib);
    await allowMemory(host, ready.domid, targetKib);
  } else {
    await setTarget(host, ready, targetKib);
  }
  await confirmMemory(ready, targetKib, isQuick ? targetKib - hasKib : 0);
}

/** Brings the requested vCPUs online, confirmed by the guest. */
export async function growVcpus(host: XenHost, ready: Ready, want: WantedSize): Promise<void> {
  if (want.vcpus > 1) await switchVcpus(host, ready.domid, ready.link, want.vcpus);
}

/** Brings the first `vcpus` vCPUs online and all others offline, confirmed by the guest. */
export async function switchVcpus(
  host: XenHost,
  domid: Domid,
  link: AgentLink,
  vcpus: number,
): Promise<void> {
  const online = Array.from({ length: vcpus }, (_, i) => i);
  await host.libxl.setVcpuOnline(domid, online);
  await confirmSize(link, { memoryKib: 0, vcpus }, `${vcpus} vCPUs`);
}

/** The parts of a sandbox that its growth uses. */
interface GrowsBehind {
  started: Promise<unknown>;
  known(): Promise<void>;
  gone: AbortSignal;
}

/**
 * Gives a guest its default memory some time after its start: the work takes the vCPU from the container, and most short containers end without it.
 * Resolves when the memory has come, will not come in time, or is no longer needed since the sandbox is `gone`. Never rejects. Until then the memory
 * is promised and not yet counted by Xen.
 */
export async function growBehind(
  host: XenHost,
  ready: Ready,
  want: WantedSize,
  sandbox: GrowsBehind,
): Promise<void> {
  if (!want.growsBehind || want.memoryKib <= ready.memoryKib) return;
  const { started, gone } = sandbox;
  const rest = new AbortController();
  const either = AbortSignal.any([rest.signal, gone]);
  try {
    // A start that needs more memory would wait in vain.
    await Promise.race([started, sleep(LATEST_MS, either).catch(() => undefined)]);
    await sleep(BEHIND_MS, gone);
    await sandbox.known();
    await setTarget(host, ready, want.memoryKib);
    await confirmMemory(ready, want.memoryKib);
  } catch (error) {
    if (gone.aborted) return;
    host.log.debug(
      `Domain ${ready.domid} has less memory than its default: ${describeError(error)}`,
    );
  } finally {
    rest.abort();
  }
}

/**
 * Gives the sandbox of an earlier thawd its recorded memory, which that thawd may not have set before it ended. Rejects when Xen or xenstore refuse.
 */
export async function growAdopted(
  host: XenHost,
  domid: Domid,
  {
    type,
    vcpus,
    maxVcpus = vcpus,
    memoryKib,
    mostMemoryKib: maxMemoryKib = memoryKib,
  }: Pick<SandboxRecord, 'type' | 'vcpus' | 'maxVcpus' | 'memoryKib' | 'mostMemoryKib'>,
): Promise<void> {
  await raiseMemoryLimit(host, domid, { type, vcpus: maxVcpus, maxMemoryKib });
  await host.xenstore.write(`/local/domain/${domid}/memory/static-max`, String(memoryKib));
  await setMemoryTarget(host, domid, memoryKib);
}

const LATEST_MS = 200;
/** The guest's kernel kills no process for want of memory that soon (kernels/linux/balloon_growth.c). */
const BEHIND_MS = 100;

async function setTarget(host: XenHost, ready: Ready, targetKib: number): Promise<void> {
  await raiseLimit(host, ready, targetKib);
  await setMemoryTarget(host, ready.domid, targetKib);
}

/** Raises the domain's limit where it is too low: a clone of the pool was made for no more memory than it has. */
async function raiseLimit(
  host: XenHost,
  { domid, template, record: made }: Ready,
  targetKib: number,
): Promise<void> {
  const { type, vcpus } = template.shape;
  if (targetKib > made.memoryKib)
    await raiseMemoryLimit(host, domid, { type, vcpus, maxMemoryKib: targetKib });
}

/** Asks the guest to confirm `wantKib`. The guest raises its balloon's target by `growKib` itself. */
function confirmMemory({ link, template }: Ready, wantKib: number, growKib = 0): Promise<void> {
  const addedKib = Math.floor((wantKib - template.shape.memoryKib) * USABLE_SHARE);
  const memoryKib = template.memTotalKib + addedKib;
  const what = `${Math.round(wantKib / 1024)} MiB of memory`;
  return confirmSize(link, { memoryKib, vcpus: 0, growKib }, what);
}

/** Page descriptors take 1/64 of added memory. The rest is slack for pages still on their way to the free lists. */
export const USABLE_SHARE = 0.96;
const STEP_MS = 90_000;

/** Asks the guest to confirm its size; it answers when it has that much. Rejects with ERR_AGENT_RESIZE. */
export async function confirmSize(
  link: AgentLink,
  want: { memoryKib: number; vcpus: number; growKib?: number },
  what: string,
): Promise<void> {
  const request = encodeResize({ ...want, timeoutMs: STEP_MS });
  await link.request(AgentType.RESIZE, request, what, STEP_MS + 5000);
}
