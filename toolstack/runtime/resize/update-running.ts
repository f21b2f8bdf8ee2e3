// SPDX-License-Identifier: Apache-2.0
// Changes the limits of an administrator's container while it runs, and restores them where a thawd ended meanwhile.

import type { UpdateOptions } from '../../api/engine.js';
import type { Limits } from '../../sandbox/size/size.js';
import { mostVcpus, resizeVcpus } from '../../sandbox/size/resize.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError, stateError } from '../errors.js';
import { membershipOf } from '../membership/choose-membership.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { ContainerServices } from '../store/containers.js';
import { pidsLimitOf, type ContainerRecord } from '../store/record.js';
import { changeLimits, sizeSettled } from './change-limits.js';
import { limitCgroup, type CgroupLimits } from './send-limits.js';

/**
 * Changes all limits or none. `limits` are those of the container's own domain, undefined in a pod. The record says meanwhile that an update
 * is under way. Rejects with ERR_USAGE, ERR_CONTAINER_STATE, and as resizeMemory() and resizeVcpus() do.
 */
export async function updateRunning(
  services: ContainerServices,
  container: Container,
  change: UpdateOptions,
  limits: Limits | undefined,
): Promise<void> {
  const { record, sandbox, ownSandbox: own } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('update', record);
  if (own && limits) checkVcpus(services, record, limits);
  await sizeSettled(sandbox, own);
  const { memoryBytes, cpus, pidsLimit: pids } = change;
  await container.update({ isUpdating: true });
  try {
    await changeLimits(
      services.sandbox,
      { record, name: record.inGuest, sandbox, own },
      {
        change: { cpus, pids, memoryBytes },
        before: limitsOf(services, record),
        after: { cpus, pids, memoryBytes },
        size: limits && { vcpus: Math.ceil(limits.cpus), memoryKib: limits.memoryKib },
      },
    );
  } catch (error) {
    delete record.isUpdating;
    // The container's end writes the record, or has removed it.
    if (!isUp(record)) throw stateError('update', record);
    await container.update({});
    throw error;
  }
  if (!isUp(record)) throw stateError('update', record);
}

function checkVcpus(
  { sandbox }: ContainerServices,
  record: ContainerRecord,
  { cpus }: Limits,
): void {
  const most = mostVcpus(record.sandbox, sandbox);
  if (Math.ceil(cpus) > most)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --cpus ${cpus} while container "${record.name}" runs: its domain was made for ${most}; end it with thaw stop first`,
    );
}

/** Restores the recorded limits of a running container when a thawd ended during an update. Never rejects. */
export async function finishUpdate(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.isUpdating !== true || record.state !== 'running' || !sandbox) return;
  try {
    await container.exclusive(async () => {
      const { ownSandbox: own } = container;
      const guest = { sandbox, name: record.inGuest, hasOwnDomain: own !== undefined };
      await limitCgroup(guest, { cpus: 0, pids: 0, memoryBytes: 0 }, limitsOf(services, record));
      if (own) await resizeVcpus(services.sandbox, own, record.sandbox.vcpus);
      delete record.isUpdating;
      await container.update({});
    });
  } catch (error) {
    services.log.warn(
      `Container ${record.name} may have limits of an update that did not end`,
      { error }, // prettier-ignore
    );
  }
}

function limitsOf(services: ContainerServices, record: ContainerRecord): CgroupLimits {
  return { ...membershipOf(services, record).limits, pids: pidsLimitOf(record) };
}
