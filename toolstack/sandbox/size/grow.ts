// SPDX-License-Identifier: Apache-2.0
// How a fresh clone gets the memory and vCPUs that its container asked for, confirmed by the guest; a default that nobody asked for it gets
// behind the container's start. The guest kernel lets no process be killed for memory that is on its way (docs/kernel.md).

import { AgentType } from '../../agent/wire.js';
import { encodeResize } from '../../agent/wire-guest.js';
import type { AgentLink } from '../../agent/link.js';
import { sleep } from '../../base/deadline.js';
import { describeError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import type { XenHost } from '../../xen/host.js';
import { allowMemory, raiseMemoryLimit, setMemoryTarget } from '../../xen/memory.js';
import type { Ready } from '../create/booted-clone.js';
import type { SandboxRecord } from '../record.js';

export interface WantedSize {
  memoryKib: number;
  vcpus: number;
  growsBehind?: boolean;
}

/**
 * Gives a guest the memory that was asked for, or what it needs until the default comes behind its start, and resolves when it has
 * it. Nothing may fill a guest's memory before that: it would have none left to describe the new. Rejects with ERR_AGENT_RESIZE when
 * the guest does not have it within the deadline.
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
  // Its driver has read what xenstore says of its memory, and looks there again only when that changes, or finds the same there later.
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

/** Confirmed by the guest, as memory is. */
export async function growVcpus(host: XenHost, ready: Ready, want: WantedSize): Promise<void> {
  if (want.vcpus > 1) await switchVcpus(host, ready.domid, ready.link, want.vcpus);
}

/** The first `vcpus` are online, and no other; confirmed by the guest. */
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

/** A sandbox, as far as its memory is concerned. */
interface GrowsBehind {
  started: Promise<unknown>;
  known(): Promise<void>;
  gone: AbortSignal;
}

/**
 * Gives a guest the memory that nobody asked for, some time after its start: what brings it takes the vCPU from the container,
 * and most that are short end without it. Resolves, and never rejects, when it has come, will not come in time, or is needed no more
 * since the sandbox is `gone`. Until then it is promised and not yet counted by Xen.
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
    // A start that wants for memory would wait in vain.
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

/** What the sandbox of an earlier thawd has or is to have, which may have ended before it wrote that. Rejects when Xen or xenstore refuse. */
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
/** The guest's kernel lets nobody be killed for want of memory that soon (kernels/linux/balloon_growth.c). */
const BEHIND_MS = 100;

async function setTarget(host: XenHost, ready: Ready, targetKib: number): Promise<void> {
  await raiseLimit(host, ready, targetKib);
  await setMemoryTarget(host, ready.domid, targetKib);
}

/** A clone that waited was made for no more than it has. */
async function raiseLimit(
  host: XenHost,
  { domid, template, record: made }: Ready,
  targetKib: number,
): Promise<void> {
  const { type, vcpus } = template.shape;
  if (targetKib > made.memoryKib)
    await raiseMemoryLimit(host, domid, { type, vcpus, maxMemoryKib: targetKib });
}

/** By `growKib` it raises its balloon's target itself. */
function confirmMemory({ link, template }: Ready, wantKib: number, growKib = 0): Promise<void> {
  const addedKib = Math.floor((wantKib - template.shape.memoryKib) * USABLE_SHARE);
  const memoryKib = template.memTotalKib + addedKib;
  const what = `${Math.round(wantKib / 1024)} MiB of memory`;
  return confirmSize(link, { memoryKib, vcpus: 0, growKib }, what);
}

/** Page descriptors take 1/64 of added memory; the rest is slack for what is still on its way to the free lists. */
export const USABLE_SHARE = 0.96;
const STEP_MS = 90_000;

/** Asks the guest, which answers when it has that much. Rejects with ERR_AGENT_RESIZE. */
export async function confirmSize(
  link: AgentLink,
  want: { memoryKib: number; vcpus: number; growKib?: number },
  what: string,
): Promise<void> {
  const request = encodeResize({ ...want, timeoutMs: STEP_MS });
  await link.request(AgentType.RESIZE, request, what, STEP_MS + 5000);
}
