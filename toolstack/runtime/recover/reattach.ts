// SPDX-License-Identifier: Apache-2.0
// What a new thawd finds of the domain in which a container of an earlier one ran, be it its own or its pod's.

import type { ShimStatus } from '../../api/wire.js';
import { firstProcess, slotOf } from '../pod/index.js';
import { releaseSandbox } from '../../sandbox/release.js';
import { Sandbox, type ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { findDomain } from '../../sandbox/orphans.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import type { ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';

/** Its domain with a shim that answers; undefined where there is none. */
export async function findSandbox(
  services: ContainerServices,
  { pod, place, inGuest: name, sandbox }: ContainerRecord,
  events: ShimEvents,
): Promise<ContainerSandbox | undefined> {
  if (!pod) return Sandbox.adopt(services.sandbox, sandbox, events).catch(() => undefined);
  if (!place) return undefined;
  return services.pods.rejoin(pod.id, { name, place, events }).catch(() => undefined);
}

/** What a shim says of the processes of one container: of all, where it has the domain to itself. */
export function processesOf({ place }: ContainerRecord, { processes }: ShimStatus) {
  const first = place ? firstProcess(place.slot) : INIT_PROCESS;
  const own = place ? processes.filter(({ process }) => slotOf(process) === place.slot) : processes;
  return {
    first: own.find(({ process }) => process === first),
    others: own.filter(({ process }) => process !== first),
  };
}

/** Whether its program began: its shim says so, or has written how it ended; or has not had it start yet; or there is no shim. */
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

/** Undoes what was made of its domain, or in its pod's; `hasShim` says whether one is there to be asked. Never rejects. */
export async function releaseFound(
  services: ContainerServices,
  record: ContainerRecord,
  hasShim = true,
): Promise<void> {
  const sandbox = hasShim ? await findSandbox(services, record, NOTHING) : undefined;
  await sandbox?.destroy();
  if (record.pod) return;
  // Its number may not have been written down yet: the uuid finds it.
  const domid = await findDomain(services.sandbox.host, record.sandbox.uuid);
  await releaseSandbox(
    services.sandbox,
    domid === undefined ? record.sandbox : { ...record.sandbox, domid },
  );
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
