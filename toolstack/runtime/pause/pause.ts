// SPDX-License-Identifier: Apache-2.0
// thaw pause and unpause: a container by its domain; in a pod, whose domain others share, by its cgroup.

import type { Container } from '../lifecycle/container.js';
import { inPod, stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { pause, resume, type Pausing } from './freezer.js';

/** Nothing of it runs until unpauseContainer(). Rejects with ERR_CONTAINER_STATE, and in a pod when the guest does not do it. */
export async function pauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  await container.exclusive(async () => {
    const { record, sandbox } = container;
    if (record.state !== 'running' || !sandbox) throw stateError('pause', record);
    const by = record.pod ? 'cgroup' : 'domain';
    await pause(container, sandbox, pausingOf(services, container, 'pause'), by);
    services.events.tell('pause', record);
  });
}

/** Rejects with ERR_CONTAINER_STATE when it is not paused, and with ERR_CONTAINER_POD when all of its pod is. */
export async function unpauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('unpause', record);
  const { libxl } = services.sandbox.host;
  const { pod } = record;
  if (pod && (!record.isStill || (await libxl.domainInfo(sandbox.domid)).paused))
    throw inPod('unpause', record, `use thaw pod unpause ${pod.name}`);
  await resume(container, sandbox, pausingOf(services, container, 'unpause'), {
    domain: !pod,
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
