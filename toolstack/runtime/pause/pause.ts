// SPDX-License-Identifier: Apache-2.0
// How a container is kept still, and goes on: its domain does with all that is in it, and in a pod, whose domain others share, its cgroup.

import { askLimit } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { inPod, stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { ContainerRecord } from '../store/record.js';

/** Nothing of it runs until unpauseContainer(). Rejects with ERR_CONTAINER_STATE, and in a pod when the guest does not do it. */
export async function pauseContainer(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  await container.exclusive(async () => {
    const { record, sandbox } = container;
    if (record.state !== 'running' || !sandbox) throw stateError('pause', record);
    if (record.pod) {
      // Written down first: the next thawd ends what this one began.
      await container.update({ isStill: true });
      try {
        await keepStill(record, sandbox);
      } catch (error) {
        await goOnAgain(container, sandbox);
        throw error;
      }
    } else await services.sandbox.host.libxl.domainPause(sandbox.domid);
    stillRuns('pause', container, sandbox);
    await container.transition('pause');
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
  const isPaused = async (): Promise<boolean> => (await libxl.domainInfo(sandbox.domid)).paused;
  if (record.pod) {
    if (!record.isStill || (await isPaused()))
      throw inPod('unpause', record, `use thaw pod unpause ${record.pod.name}`);
    await still(record, sandbox, false);
    stillRuns('unpause', container, sandbox);
    delete record.isStill;
  } else {
    // Xen counts, and xl may have paused it as well, or let it go.
    for (let count = 0; count < 10 && (await isPaused()); count++)
      await libxl.xcDomainUnpause(sandbox.domid);
    stillRuns('unpause', container, sandbox);
  }
  await container.transition('resume');
  services.events.tell('unpause', record);
}

/** Throws ERR_CONTAINER_STATE for one that has ended while its guest or Xen was asked: its end is in the books. */
function stillRuns(verb: string, { record, sandbox }: Container, before: ContainerSandbox): void {
  if (!isUp(record) || sandbox !== before) throw stateError(verb, record);
}

/** After a pause that failed, or of which nobody knows: the guest may do it late, and goes on behind it. */
async function goOnAgain(container: Container, sandbox: ContainerSandbox): Promise<void> {
  const { record } = container;
  if (!isUp(record)) return;
  delete record.isStill;
  void still(record, sandbox, false).catch(() => undefined);
  await container.update({});
}

/** Of a container of a pod: its processes, while the domain and its other containers go on. Idempotent. Rejects as askLimit() does. */
export async function keepStill(record: ContainerRecord, sandbox: ContainerSandbox): Promise<void> {
  await still(record, sandbox, true);
}

async function still(
  { inGuest: container }: ContainerRecord,
  sandbox: ContainerSandbox,
  isStill: boolean,
): Promise<void> {
  const rest = { cpuMax: '', pidsMax: '', memoryMax: '' };
  const link = await sandbox.agent();
  await askLimit(link, { ...rest, container, freeze: isStill ? '1' : '0' });
}
