// SPDX-License-Identifier: Apache-2.0
// thaw update: other limits for a container, at once where it runs, and for every start that is to come.

import type { CreateOptions, UpdateOptions } from '../api/engine.js';
import { AgentType, encodeLimit } from '../agent/wire.js';
import { describeError } from '../base/errors.js';
import { Undo } from '../base/undo.js';
import { checkLimits, type Limits } from '../sandbox/limits.js';
import { mostVcpus, resizeMemory, resizeVcpus } from '../sandbox/resize.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { Container } from './container.js';
import { ContainerError, inPod, stateError } from './errors.js';
import { checkFrozen } from './frozen.js';
import { isUp, type ContainerManager, type ContainerServices } from './manager.js';
import { checkMember } from './plan-member.js';
import { pidsLimitOf, type ContainerRecord } from './record.js';
import { cpuMax, pidsMax } from './spec.js';

/** Below the shim's and launcher's patience; the agent only writes two files. */
const LIMIT_MS = 30_000;

/**
 * Resolves with the container's id when it has all that was asked for. Rejects with ERR_USAGE for what no container, or not this one, can
 * have, ERR_CONTAINER_STATE for one that is paused or being made, and as resizeMemory() does; it then has what it had.
 */
export async function updateContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  change: UpdateOptions,
): Promise<string> {
  const { record } = manager.find(key);
  const wanted = await checkChange(services, record, change);
  const container = await manager.settled(record.id);
  await container.still(async () => {
    const { record: now } = container;
    if (!['running', 'paused', 'created', 'exited', 'lost'].includes(now.state))
      throw stateError('update', now);
    if (isUp(now) && wanted.limits) await updateRunning(services, container, change, wanted.limits);
    delete now.isUpdating;
    await container.update(changed(now, change, wanted));
  });
  services.events.tell('update', record);
  return record.id;
}

interface Wanted {
  /** What it was made with, as it is to be; undefined for a copy of one that ran, which cannot start anew. */
  options?: CreateOptions;
  /** Undefined where nothing changes that a container has while it runs. */
  limits?: Limits;
}

/** Throws ERR_USAGE for what cannot be, whatever runs. */
async function checkChange(
  { sandbox, frozen, pods }: ContainerServices,
  record: ContainerRecord,
  change: UpdateOptions,
): Promise<Wanted> {
  const { memoryBytes, cpus, pidsLimit, restart } = change;
  const options = record.options && { ...record.options, ...change };
  if (!options && restart)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --restart with container "${record.name}": it went on from the memory of another, and cannot start again`,
    );
  const resizes = memoryBytes !== undefined || cpus !== undefined || pidsLimit !== undefined;
  if (!resizes) return { ...(options ? { options } : {}) };
  const plan = frozen.list().find(({ name }) => name === options?.frozen);
  if (plan && options) checkFrozen(plan, options);
  if (options?.frozen !== undefined && pidsLimit !== undefined)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --pids-limit with container "${record.name}": that was fixed when ${options.frozen} was frozen`,
    );
  const { type, memoryKib } = record.sandbox;
  const asked = {
    ...{ type, memoryBytes: memoryBytes ?? memoryKib * 1024, cpus: cpus ?? record.cpus },
    ...(options?.template ? { template: options.template } : {}),
  };
  const limits = await checkLimits(asked, sandbox, plan?.shape.memoryKib);
  if (record.pod) checkMember(pods.find(record.pod.id), { memoryBytes, cpus });
  return { ...(options ? { options } : {}), limits };
}

/** All of it, or none. Memory comes last: it takes longest, and is most likely to be refused. */
async function updateRunning(
  { sandbox: services, log }: ContainerServices,
  container: Container,
  { cpus, pidsLimit }: UpdateOptions,
  limits: Limits,
): Promise<void> {
  const { record, ownSandbox: sandbox } = container;
  if (record.state !== 'running' || !container.sandbox) throw stateError('update', record);
  if (!sandbox) {
    // Its share of the domain; how much that has is its pod's concern.
    if (limits.memoryKib !== record.sandbox.memoryKib)
      throw inPod('change the memory of', record, 'end it with thaw stop first');
    return limit(container.sandbox, record, limits.cpus, pidsLimit ?? pidsLimitOf(record));
  }
  const vcpus = Math.ceil(limits.cpus);
  const most = mostVcpus(record.sandbox, services);
  if (vcpus > most)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot use --cpus ${limits.cpus} while container "${record.name}" runs: its domain was made for ${most}; end it with thaw stop first`,
    );
  // A size that it is still to get would come in between.
  await sandbox.grown;
  await sandbox.written();
  const before = { cpus: record.cpus, vcpus: record.sandbox.vcpus, pids: pidsLimitOf(record) };
  await container.update({ isUpdating: true });
  // Nothing is given back to one that has ended.
  const whileUp = (work: () => Promise<void>) => (isUp(record) ? work() : undefined);
  try {
    await Undo.guard(log, async (undo) => {
      if (cpus !== undefined || pidsLimit !== undefined) {
        undo.push('limits', () => whileUp(() => limit(sandbox, record, before.cpus, before.pids)));
        await limit(sandbox, record, limits.cpus, pidsLimit ?? before.pids);
      }
      if (vcpus !== before.vcpus) {
        await resizeVcpus(services, sandbox, vcpus);
        undo.push('vCPUs', () => whileUp(() => resizeVcpus(services, sandbox, before.vcpus)));
      }
      await resizeMemory(services, sandbox, limits.memoryKib, record.inGuest);
    });
  } catch (error) {
    delete record.isUpdating;
    // Its end writes the rest, or has removed it.
    if (!isUp(record)) throw stateError('update', record);
    await container.update({});
    throw error;
  }
  if (!isUp(record)) throw stateError('update', record);
}

/** What a container that is up has once more, after a thawd ended in the middle of an update. Never rejects. */
export async function finishUpdate(
  { sandbox: services, log }: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, ownSandbox: sandbox } = container;
  if (record.isUpdating !== true || record.state !== 'running' || !sandbox) return;
  try {
    await container.still(async () => {
      await limit(sandbox, record, record.cpus, pidsLimitOf(record));
      await resizeVcpus(services, sandbox, record.sandbox.vcpus);
      delete record.isUpdating;
      await container.update({});
    });
  } catch (error) {
    log.warn(`Container ${record.name} may have limits of an update that did not end`, { error });
    log.debug(describeError(error));
  }
}

async function limit(
  sandbox: Pick<Sandbox, 'agent'>,
  { inGuest: container, pod }: ContainerRecord,
  cpus: number,
  pids: number,
): Promise<void> {
  const link = await sandbox.agent();
  const request = encodeLimit({ container, cpuMax: cpuMax(cpus, !pod), pidsMax: pidsMax(pids) });
  await link.request(AgentType.LIMIT, request, 'the limits', LIMIT_MS);
}

/** What changes of a record that says it all. */
function changed(
  record: ContainerRecord,
  { pidsLimit }: UpdateOptions,
  { options, limits }: Wanted,
): Partial<ContainerRecord> {
  const { sandbox } = record;
  return {
    ...(options ? { options } : pidsLimit === undefined ? {} : { pidsLimit }),
    ...(limits
      ? {
          cpus: limits.cpus,
          sandbox: Object.assign(sandbox, {
            vcpus: Math.ceil(limits.cpus),
            memoryKib: limits.memoryKib,
          }),
        }
      : {}),
  };
}
