// SPDX-License-Identifier: Apache-2.0
// Finds what an earlier thawd left of a container, for the administrator's containers and the container engines': its domain, its processes, its end.

import type { ShimStatus } from '../../api/wire.js';
import { releaseSandbox } from '../../sandbox/release.js';
import { findDomain } from '../../sandbox/orphans.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { Sandbox, type ContainerSandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import type { Ending } from '../lifecycle/base-container.js';
import { advance, hasEnded, type HasState } from '../lifecycle/lifecycle.js';
import { firstProcess, SharedDomain, slotOf, type Slots } from '../shared-domain/index.js';

/** A shim's word on a process. */
type Process = ShimStatus['processes'][number];

export interface FoundState {
  /** The end that the container came to while no thawd ran; undefined where it runs on. */
  ending?: Ending | undefined;
  /** The container's first process, and its others. */
  first?: Process | undefined;
  others: Process[];
  /** True where Xen has the domain paused: a killed thawd may not have recorded that, and xl does not. */
  isPaused: boolean;
}

/** Resolves with a domain of an earlier thawd if its shim answers, otherwise with undefined. */
export async function adoptDomain(
  services: SandboxServices,
  record: SandboxRecord,
  events: ShimEvents,
): Promise<Sandbox | undefined> {
  return Sandbox.adopt(services, record, events).catch(() => undefined);
}

/** As adoptDomain(), for a domain that several containers can share. `slots` has the containers that are known to be in it. */
export async function adoptShared(
  services: SandboxServices,
  record: SandboxRecord,
  slots: Slots<ShimEvents>,
  events: ShimEvents,
): Promise<SharedDomain | undefined> {
  const sandbox = await adoptDomain(services, record, events);
  return sandbox && new SharedDomain(services, sandbox, slots);
}

/** Releases a domain that no shim serves. The record may lack its domid: the uuid finds the domain. Rejects as releaseSandbox() does. */
export async function releaseDomain(
  services: SandboxServices,
  record: SandboxRecord,
): Promise<void> {
  const domid = await findDomain(services.host, record.uuid);
  await releaseSandbox(services, domid === undefined ? record : { ...record, domid });
}

/** Returns a shim's report on the processes of one container. Without a slot, in the container's own domain, these are all processes. */
export function processesOf(
  slot: number | undefined,
  { processes }: ShimStatus,
): Pick<FoundState, 'first' | 'others'> {
  const isOwn = slot === undefined;
  const first = isOwn ? INIT_PROCESS : firstProcess(slot);
  const own = isOwn ? processes : processes.filter(({ process }) => slotOf(process) === slot);
  return {
    first: own.find(({ process }) => process === first),
    others: own.filter(({ process }) => process !== first),
  };
}

/**
 * Asks shim and Xen about a container. `written` reads the end that the shim wrote, which outlives the shim. A shim that does not answer counts as
 * ended.
 */
export async function findState(
  { host: { libxl } }: Pick<SandboxServices, 'host'>,
  { sandbox, slot }: { sandbox: ContainerSandbox | undefined; slot: number | undefined },
  written: () => Promise<Ending | undefined>,
): Promise<FoundState> {
  const status = await sandbox?.shim.status().catch(() => undefined);
  if (!sandbox || !status)
    return {
      ending: (await written()) ?? { reason: 'its shim ended while no thawd ran' },
      others: [],
      isPaused: false,
    };
  const { first, others } = processesOf(slot, status);
  const reason = await reasonOfLoss(sandbox, status);
  if (first?.exit) return { ending: { exit: first.exit }, first, others, isPaused: false };
  if (reason !== undefined)
    return { ending: (await written()) ?? { reason }, first, others, isPaused: false };
  const { paused: isPaused } = await libxl.domainInfo(sandbox.domid);
  return { first, others, isPaused };
}

/** Moves the record of a container whose program runs to running or paused, unless the container has ended meanwhile. */
export function noteUp(
  record: HasState & { readonly id: string; isStill?: boolean },
  isPaused: boolean,
): void {
  if (hasEnded(record)) return;
  advance(record, 'reattach');
  if (isPaused || record.isStill === true) advance(record, 'pause');
}

async function reasonOfLoss(
  sandbox: ContainerSandbox,
  { state, reason = 'its guest was lost' }: ShimStatus,
): Promise<string | undefined> {
  if (state === 'lost') return reason;
  return (await sandbox.isAlive()) ? undefined : 'domain destroyed';
}
