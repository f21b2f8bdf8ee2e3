// SPDX-License-Identifier: Apache-2.0
// Finds the domain in which a container of an earlier thawd ran: the container's own domain, or its pod's.

import type { ShimStatus } from '../../api/wire.js';
import { firstProcess, slotOf } from '../pod/index.js';
import { releaseSandbox } from '../../sandbox/release.js';
import { Sandbox, type ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { findDomain } from '../../sandbox/orphans.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import type { ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';

/** Resolves with the container's domain if its shim answers, otherwise with undefined. */
export async function findSandbox(
  services: ContainerServices,
  { pod, place, inGuest: name, sandbox }: ContainerRecord,
  events: ShimEvents,
): Promise<ContainerSandbox | undefined> {
  if (!pod) return Sandbox.adopt(services.sandbox, sandbox, events).catch(() => undefined);
  if (!place) return undefined;
  return services.pods.rejoin(pod.id, { name, place, events }).catch(() => undefined);
}

/** Returns a shim's report on the processes of one container. In the container's own domain these are all processes. */
export function processesOf({ place }: ContainerRecord, { processes }: ShimStatus) {
  const first = place ? firstProcess(place.slot) : INIT_PROCESS;
  const own = place ? processes.filter(({ process }) => slotOf(process) === place.slot) : processes;
  return {
    first: own.find(({ process }) => process === first),
    others: own.filter(({ process }) => process !== first),
  };
}

/**
 * Resolves with `begun` when the shim reports the program as begun, or has written its end; with `waiting` when the program has not begun
 * or the shim does not answer; with `no shim` when there is none.
 */
export async function beginningOf(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<'begun' | 'waiting' | 'no shim'> {
  const written = await services.records.readStatus(record.id);
  if (written && 'exit' in written) return 'begun';
  const own = record.pod
    ? undefined
    : await Sandbox.adopt(services.sandbox, record.sandbox, NOTHING).catch(() => undefined);
  const { shim } = own ?? services.pods.domainOf(record.pod?.id ?? '')?.sandbox ?? {};
  if (!shim) return 'no shim';
  try {
    const { first } = processesOf(record, await shim.status());
    return first?.hasBegun === true ? 'begun' : 'waiting';
  } catch {
    return 'waiting';
  } finally {
    await own?.letGo();
  }
}

/** Releases the container's domain, or its parts of its pod's domain. `hasShim` says whether a shim may answer. Never rejects. */
export async function releaseFound(
  services: ContainerServices,
  record: ContainerRecord,
  hasShim = true,
): Promise<void> {
  const sandbox = hasShim ? await findSandbox(services, record, NOTHING) : undefined;
  await sandbox?.destroy();
  if (record.pod) return;
  // The record may lack the domid: the uuid finds the domain.
  const domid = await findDomain(services.sandbox.host, record.sandbox.uuid);
  await releaseSandbox(
    services.sandbox,
    domid === undefined ? record.sandbox : { ...record.sandbox, domid },
  );
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
