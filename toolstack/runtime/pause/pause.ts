// SPDX-License-Identifier: Apache-2.0
// thaw pause and unpause: pauses a container's own domain, or freezes the cgroup of a container in a pod, which shares its domain.

import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import { membershipOf } from '../membership/choose-membership.js';
import type { ContainerServices } from '../store/containers.js';
import { pause, resume, type Pausing } from './freezer.js';

/**
 * Pauses a container until unpauseContainer(). A pause by thaw, for want of disk space, becomes the user's. Rejects with ERR_CONTAINER_STATE, and in a
 * pod when the guest does not freeze it.
 */
export async function pauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  await container.exclusive(async () => {
    const { record, sandbox } = container;
    const { ownsDomain } = membershipOf(services, record);
    if (record.state === 'paused' && record.diskPause && ownsDomain) {
      await container.update({ diskPause: undefined });
      services.events.tell('pause', record);
      return;
    }
    if (record.state !== 'running' || !sandbox) throw stateError('pause', record);
    const by = ownsDomain ? 'domain' : 'cgroup';
    await pause(container, sandbox, pausingOf(services, container, 'pause'), by);
    services.events.tell('pause', record);
  });
}

/**
 * Resumes a paused container. Rejects with ERR_CONTAINER_STATE for a container that is not paused, with ERR_CONTAINER_POD when its whole pod is paused,
 * and with ERR_DISK_RESERVE when thaw paused it and the disk still has no room. A container that resumes only to `end` needs no room.
 */
export async function unpauseContainer(
  services: ContainerServices,
  container: Container,
  to: 'run' | 'end' = 'run',
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('unpause', record);
  const membership = membershipOf(services, record);
  const { paused } = await services.sandbox.host.libxl.domainInfo(sandbox.domid);
  membership.checkUnpause(paused);
  const { reserve } = services.sandbox;
  if (record.diskPause && to === 'run')
    await reserve.check(record.diskPause.path, `unpause container "${record.name}"`);
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
