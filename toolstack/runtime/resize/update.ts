// SPDX-License-Identifier: Apache-2.0
// thaw update: changes a container's limits, at once for a running container, and for each later start.

import type { CreateOptions, UpdateOptions } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { checkLimits, limitWithin, type Limits } from '../../sandbox/size/size.js';
import { ContainerError, stateError } from '../errors.js';
import { checkFrozen } from '../snapshot/frozen.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { membershipOf } from '../membership/choose-membership.js';
import { memoryOf, type ContainerRecord } from '../store/record.js';
import { updateRunning } from './update-running.js';

/**
 * Resolves with the container's id when it has all requested limits. Rejects with ERR_USAGE for limits that it cannot have,
 * ERR_CONTAINER_STATE for a container that is paused or being made, and as resizeMemory() does. It then keeps the limits that it had.
 */
export async function updateContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  change: UpdateOptions,
): Promise<string> {
  const container = await manager.settled(key);
  const { record } = container;
  // Updates run one at a time: each begins with the record that the previous update wrote.
  await container.exclusive(async () => {
    const wanted = await checkChange(services, record, change);
    if (!['running', 'paused', 'created', 'exited', 'lost'].includes(record.state))
      throw stateError('update', record);
    if (isUp(record) && resizes(change))
      await updateRunning(services, container, change, wanted.limits);
    delete record.isUpdating;
    await container.update(changed(record, change, wanted));
  });
  services.events.tell('update', record);
  return record.id;
}

/** True when the change includes a limit of a running container. */
function resizes({ memoryBytes, cpus, pidsLimit }: UpdateOptions): boolean {
  return memoryBytes !== undefined || cpus !== undefined || pidsLimit !== undefined;
}

interface Wanted {
  /** The changed options; undefined for a copy of a container that ran, which cannot start anew. */
  options?: CreateOptions;
  /** The size of the container's own domain; undefined when it stays the same, or the container is in a pod. */
  limits?: Limits;
}

/** Rejects with ERR_USAGE for limits that the container cannot have, whether or not it runs. */
async function checkChange(
  services: ContainerServices,
  record: ContainerRecord,
  change: UpdateOptions,
): Promise<Wanted> {
  const options = record.options && { ...record.options, ...change };
  if (!options && change.restart)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --restart with container "${record.name}": it is a copy of another container, and cannot start again`,
    );
  const wanted = options ? { options } : {};
  if (!resizes(change)) return wanted;
  const membership = membershipOf(services, record);
  if (membership.ownsDomain || !options)
    return { ...wanted, limits: await ownLimits(services, record, change, options) };
  const { type } = record.sandbox;
  await checkLimits({ type, ...defined({ cpus: change.cpus }) }, services.sandbox); // prettier-ignore
  membership.checkOptions(options);
  return wanted;
}

/** Resolves with the new size of the container's own domain. */
async function ownLimits(
  { sandbox, frozen }: ContainerServices,
  record: ContainerRecord,
  { memoryBytes, cpus, pidsLimit }: UpdateOptions,
  options: CreateOptions | undefined,
): Promise<Limits> {
  const plan = frozen.list().find(({ name }) => name === options?.frozen);
  if (plan && options) checkFrozen(plan, options);
  if (options?.frozen !== undefined && pidsLimit !== undefined)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --pids-limit with container "${record.name}": that was fixed when ${options.frozen} was frozen`,
    );
  const { type, memoryKib } = record.sandbox;
  const asked = {
    type,
    memoryBytes: memoryBytes ?? memoryKib * 1024,
    cpus: cpus ?? record.cpus,
    ...(options?.template ? { template: options.template } : {}),
  };
  return checkLimits(asked, sandbox, plan?.shape.memoryKib);
}

/** Returns the changed fields of the record. */
function changed(
  record: ContainerRecord,
  { pidsLimit, cpus = record.cpus, memoryBytes = memoryOf(record) }: UpdateOptions,
  { options, limits }: Wanted,
): Partial<ContainerRecord> {
  const { sandbox } = record;
  const own = limits ? { vcpus: Math.ceil(limits.cpus) } : {};
  const memoryKib = limits?.memoryKib ?? Math.ceil(memoryBytes / 1024);
  return {
    ...(limits ? { memoryBytes: limitWithin(memoryBytes) } : {}),
    ...(options ? { options } : pidsLimit === undefined ? {} : { pidsLimit }),
    cpus,
    sandbox: Object.assign(sandbox, { ...own, memoryKib }),
  };
}
