// SPDX-License-Identifier: Apache-2.0
// thaw pause and unpause: pauses a container's own domain, or freezes the cgroup of a container in a pod, which shares its domain.

import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import { membershipOf } from '../membership/choose-membership.js';
import type { ContainerServices } from '../store/containers.js';
import { pause, resume, type Pausing } from './freezer.js';

/** Pauses a container until unpauseContainer(). Rejects with ERR_CONTAINER_STATE, and in a pod when the guest does not freeze it. */
export async function pauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  await container.exclusive(async () => {
    const { record, sandbox } = container;
    if (record.state !== 'running' || !sandbox) throw stateError('pause', record);
    const by = membershipOf(services, record).ownsDomain ? 'domain' : 'cgroup';
    await pause(container, sandbox, pausingOf(services, container, 'pause'), by);
    services.events.tell('pause', record);
  });
}

/** Rejects with ERR_CONTAINER_STATE for a container that is not paused, and with ERR_CONTAINER_POD when its whole pod is paused. */
export async function unpauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('unpause', record);
  const membership = membershipOf(services, record);
  const { paused } = await services.sandbox.host.libxl.domainInfo(sandbox.domid);
  membership.checkUnpause(paused);
  await resume(container, sandbox, pausingOf(services, container, 'unpause'), {
    domain: membership.ownsDomain,
    processes: true,
  });
  services.events.tell('unpause', record);
}

function pausingOf(services: ContainerServices, { record }: Container, verb: string): Pausing {
  return {
    libxl: services.sandbox.host.libxl,
    inGuest: record.inGuest,
    refusal: () => stateError(verb, record),
  };
}
