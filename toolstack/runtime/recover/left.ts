// SPDX-License-Identifier: Apache-2.0
// Finds and releases the sandbox in which an administrator's container of an earlier thawd ran: its own domain, or its pod's.

import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import type { ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';
import { adoptDomain, processesOf, releaseDomain } from './reattach.js';

/** Resolves with the container's sandbox if its shim answers, otherwise with undefined. */
export async function findSandbox(
  services: ContainerServices,
  { pod, place, inGuest: name, sandbox }: ContainerRecord,
  events: ShimEvents,
): Promise<ContainerSandbox | undefined> {
  if (!pod) return adoptDomain(services.sandbox, sandbox, events);
  if (!place) return undefined;
  return services.pods.rejoin(pod.id, { name, place, events }).catch(() => undefined);
}

/**
 * Resolves with `begun` when the shim reports the program as begun, or has written its end; with `waiting` when the program has not begun
 * or the shim does not answer; with `no shim` when there is none.
 */
export async function beginningOf(
  services: ContainerServices,
  { id, pod, place, sandbox }: ContainerRecord,
): Promise<'begun' | 'waiting' | 'no shim'> {
  const written = await services.records.readStatus(id);
  if (written && 'exit' in written) return 'begun';
  const own = pod ? undefined : await adoptDomain(services.sandbox, sandbox, NOTHING);
  const { shim } = own ?? services.pods.domainOf(pod?.id ?? '')?.sandbox ?? {};
  if (!shim) return 'no shim';
  try {
    const { first } = processesOf(place?.slot, await shim.status());
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
  if (!record.pod) await releaseDomain(services.sandbox, record.sandbox);
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
