// SPDX-License-Identifier: Apache-2.0
// Resizes a sandbox while its container runs: Xen allows the size and the guest follows, or the old size is restored.

import type { AgentLink } from '../../agent/agent-link.js';
import { sleep } from '../../base/deadline.js';
import { ThawError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import { formatBytes } from '../../base/text.js';
import { measureMemory } from '../../clone/template/boot.js';
import { shapeFor } from '../../clone/template/shape.js';
import {
  allowMemory,
  MAXMEM_SLACK_KIB,
  raiseMemoryLimit,
  setMemoryTarget,
} from '../../xen/memory.js';
import { askAvailableKib } from '../agent/calls.js';
import { confirmSize, switchVcpus, USABLE_SHARE } from './grow.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import type { SandboxServices } from '../services.js';

/** The parts of a sandbox that a resize uses. */
export interface Resizable {
  readonly domid: Domid;
  readonly record: SandboxRecord;
  agent(): Promise<AgentLink>;
  /** Aborts when the domain ends. */
  readonly gone: AbortSignal;
}

/** Returns the number of vCPUs that the domain was made with: the most that it can have online. */
export function mostVcpus(
  { type, vcpus, maxVcpus }: SandboxRecord,
  { hostCpus }: Pick<SandboxServices, 'hostCpus'>,
): number {
  return maxVcpus ?? shapeFor(type, vcpus, hostCpus).vcpus;
}

/**
 * Resolves when Xen confirms that the domain has no more memory, or the guest that it has as much. Updates the record then. Rejects with ERR_MEMORY
 * where the host lacks the memory, ERR_CONTAINER_MEMORY where the guest uses more than it is to keep or does not give it back, ERR_AGENT_RESIZE where
 * it does not take it. `container` is the container's name in the agent. `stallMs` is how long the guest may give nothing back.
 */
export async function resizeMemory(
  services: SandboxServices,
  sandbox: Resizable,
  toKib: number,
  container: string,
  stallMs = STALL_MS,
): Promise<void> {
  const { memoryKib: fromKib, mostMemoryKib = fromKib } = sandbox.record;
  if (toKib > fromKib) await grow(services, sandbox, toKib, Math.max(toKib, mostMemoryKib));
  if (toKib < fromKib) await shrink(services, sandbox, { toKib, container, stallMs });
  const mostKib = Math.max(toKib, mostMemoryKib);
  Object.assign(sandbox.record, { memoryKib: toKib, mostMemoryKib: mostKib, growsBehind: false });
}

async function grow(
  services: SandboxServices,
  sandbox: Resizable,
  toKib: number,
  maxMemoryKib: number,
): Promise<void> {
  const { host, budget } = services;
  const { domid, record } = sandbox;
  const { memoryKib: fromKib, type } = record;
  const giveBack = await budget.reserve(toKib - fromKib);
  try {
    const link = await sandbox.agent();
    const totalKib = await measureMemory(link);
    await raiseMemoryLimit(host, domid, { type, vcpus: mostVcpus(record, services), maxMemoryKib });
    await setMemoryTarget(host, domid, toKib);
    const memoryKib = totalKib + Math.floor((toKib - fromKib) * USABLE_SHARE);
    await confirmSize(link, { memoryKib, vcpus: 0 }, `${size(toKib)} of memory`);
    await tellLimit(services, domid, toKib);
  } catch (error) {
    if (!sandbox.gone.aborted) await quietly(services, () => setMemoryTarget(host, domid, fromKib));
    throw error;
  } finally {
    giveBack();
  }
}

async function shrink(
  services: SandboxServices,
  sandbox: Resizable,
  { toKib, container, stallMs }: { toKib: number; container: string; stallMs: number },
): Promise<void> {
  const { host, budget } = services;
  const { domid, record } = sandbox;
  const { memoryKib: fromKib } = record;
  await checkUse(sandbox, toKib, container);
  try {
    await host.xenstore.write(`/local/domain/${domid}/memory/target`, String(toKib));
    await untilShrunk(services, sandbox, toKib, stallMs);
    await allowMemory(host, domid, toKib);
    await tellLimit(services, domid, toKib);
  } catch (error) {
    if (sandbox.gone.aborted) throw error;
    await quietly(services, async () => {
      const { currentMemKib } = await host.libxl.domainInfo(domid);
      // Reserve the memory that the guest gave back meanwhile, where possible, so that no other domain gets it.
      const promise = budget.reserve(Math.max(0, fromKib - currentMemKib)).catch(() => undefined);
      const giveBack = await promise;
      try {
        await setMemoryTarget(host, domid, fromKib);
        const isThere = (kib: number): boolean => kib >= fromKib - MAXMEM_SLACK_KIB;
        await untilMoved(services, sandbox, fromKib, isThere, stallMs);
      } finally {
        giveBack?.();
      }
    });
    throw error;
  }
}

/** Rejects when the guest reports too little available memory. A guest that lies does not give the memory back later. */
async function checkUse(sandbox: Resizable, toKib: number, container: string): Promise<void> {
  const { memoryKib, name } = sandbox.record;
  const availableKib = await askAvailableKib(await sandbox.agent(), container);
  if (memoryKib - toKib + SPARE_KIB <= availableKib) return;
  const used = size(Math.max(0, memoryKib - availableKib));
  throw new ThawError(
    'ERR_CONTAINER_MEMORY',
    `Cannot shrink container "${name}" to ${size(toKib)}: it uses ${used} of its ${size(memoryKib)}, and ${size(SPARE_KIB)} stay free; ` +
      'end processes in it, remove files that are in its memory, or choose more',
  );
}

/** Waits for Xen's figure of the domain's memory, since a guest's own may be false. */
async function untilShrunk(
  services: SandboxServices,
  sandbox: Resizable,
  toKib: number,
  stallMs: number,
): Promise<void> {
  const isThere = (kib: number): boolean => kib <= toKib + MAXMEM_SLACK_KIB;
  const leftKib = await untilMoved(services, sandbox, toKib, isThere, stallMs);
  if (isThere(leftKib)) return;
  const { name, memoryKib } = sandbox.record;
  throw new ThawError(
    'ERR_CONTAINER_MEMORY',
    `Cannot shrink container "${name}" to ${size(toKib)}: its guest kept ${size(leftKib)} and has its ${size(memoryKib)} again; ` +
      'end processes in it, or choose more',
  );
}

/** Resolves with the domain's memory in KiB when it has arrived, or comes no nearer for `stallMs`. */
async function untilMoved(
  { host }: SandboxServices,
  { domid, gone }: Resizable,
  toKib: number,
  isThere: (kib: number) => boolean,
  stallMs: number,
): Promise<number> {
  const ending = Date.now() + MOVE_MS;
  let nearestKib = Infinity;
  let stalls = Date.now() + stallMs;
  for (;;) {
    const { currentMemKib } = await host.libxl.domainInfo(domid);
    const awayKib = Math.abs(currentMemKib - toKib);
    const now = Date.now();
    if (awayKib < nearestKib) stalls = now + stallMs;
    nearestKib = Math.min(nearestKib, awayKib);
    if (isThere(currentMemKib) || now > stalls || now > ending) return currentMemKib;
    await sleep(POLL_MS, gone);
  }
}

/** Brings that many of the domain's vCPUs online, confirmed by the guest. Rejects with ERR_AGENT_RESIZE; the domain then has as many as before. */
export async function resizeVcpus(
  services: SandboxServices,
  sandbox: Resizable,
  vcpus: number,
): Promise<void> {
  const { domid, record } = sandbox;
  if (vcpus > mostVcpus(record, services) || vcpus < 1) throw new RangeError(`${vcpus} vCPUs`);
  const link = await sandbox.agent();
  try {
    await switchVcpus(services.host, domid, link, vcpus);
  } catch (error) {
    if (!sandbox.gone.aborted)
      await quietly(services, () => switchVcpus(services.host, domid, link, record.vcpus));
    throw error;
  }
  record.vcpus = vcpus;
}

/** Sets the limit for xl, which refuses any larger size. */
function tellLimit({ host }: SandboxServices, domid: number, kib: number): Promise<void> {
  return host.xenstore.write(`/local/domain/${domid}/memory/static-max`, String(kib));
}

function size(kib: number): string {
  return formatBytes(kib * 1024);
}

/** Memory that stays free for the guest's kernel. */
const SPARE_KIB = 4 * 1024;
const POLL_MS = 50;
/** A balloon that finds no page tries again, in the end every 32 seconds. */
const STALL_MS = 20_000;
const MOVE_MS = 120_000;
