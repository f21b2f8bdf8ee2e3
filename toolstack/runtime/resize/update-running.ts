// SPDX-License-Identifier: Apache-2.0
// How the limits of a container change while it runs: those of its cgroup by its agent, those of a domain of its own by Xen and its guest.

import type { UpdateOptions } from '../../api/engine.js';
import { Undo } from '../../base/undo.js';
import { askLimit } from '../../sandbox/agent/calls.js';
import { cpuMax, memoryMax, pidsMax } from '../../sandbox/size/cgroup-files.js';
import { limitWithin, type Limits } from '../../sandbox/size/size.js';
import { mostVcpus, resizeMemory, resizeVcpus } from '../../sandbox/size/resize.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError, stateError } from '../errors.js';
import { isUp, type ContainerServices } from '../store/containers.js';
import { pidsLimitOf, type ContainerRecord } from '../store/record.js';

/**
 * All of it, or none; `limits` are those of its domain, undefined in a pod. Meanwhile its record says that it is being changed. Rejects
 * with ERR_USAGE, ERR_CONTAINER_STATE, and as resizeMemory() and resizeVcpus() do.
 */
export async function updateRunning(
  services: ContainerServices,
  container: Container,
  change: UpdateOptions,
  limits: Limits | undefined,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('update', record);
  const { ownSandbox: own } = container;
  if (own && limits) checkVcpus(services, record, limits);
  // A size that it is still to get would come in between.
  await own?.grown;
  await sandbox.written();
  const before = limitsOf(record);
  await container.update({ isUpdating: true });
  try {
    await Undo.guard(services.log, async (undo) => {
      // Nothing is given back to one that has ended.
      const back = (what: string, work: () => Promise<void>): void =>
        undo.push(what, () => (isUp(record) ? work() : undefined));
      back('limits', () => limit(container, change, before));
      const { memoryBytes, ...others } = change;
      await limit(container, own ? others : change, change);
      // Memory comes last: it takes longest, and is most likely to be refused; and no cgroup is limited to what was not to be had.
      if (own && limits) await resizeDomain(services, own, record, limits, back);
      if (own && memoryBytes !== undefined) await limit(container, { memoryBytes }, change);
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

async function resizeDomain(
  { sandbox: services }: ContainerServices,
  sandbox: Sandbox,
  { inGuest }: ContainerRecord,
  { cpus, memoryKib }: Limits,
  back: (what: string, work: () => Promise<void>) => void,
): Promise<void> {
  const [vcpus, before] = [Math.ceil(cpus), sandbox.record.vcpus];
  if (vcpus !== before) {
    await resizeVcpus(services, sandbox, vcpus);
    back('vCPUs', () => resizeVcpus(services, sandbox, before));
  }
  const { memoryKib: kibBefore } = sandbox.record;
  await resizeMemory(services, sandbox, memoryKib, inGuest);
  back('memory', () => resizeMemory(services, sandbox, kibBefore, inGuest));
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

/** What a container that is up has once more, after a thawd ended in the middle of an update. Never rejects. */
export async function finishUpdate(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.isUpdating !== true || record.state !== 'running' || !sandbox) return;
  try {
    await container.exclusive(async () => {
      const all = { cpus: 0, pidsLimit: 0, memoryBytes: 0 };
      await limit(container, all, limitsOf(record));
      const { ownSandbox: own } = container;
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

/** What its cgroup limits; what is undefined is not limited there. */
interface CgroupLimits {
  cpus?: number | undefined;
  pidsLimit?: number | undefined;
  memoryBytes?: number | undefined;
}

function limitsOf(record: ContainerRecord): CgroupLimits {
  const { cpus, pod, options, memoryBytes } = record;
  return {
    ...{ cpus: pod ? options?.cpus : cpus, pidsLimit: pidsLimitOf(record) },
    memoryBytes: pod ? options?.memoryBytes : memoryBytes,
  };
}

/** Of what `change` names its cgroup gets what `limits` say. A domain of its own limits memory itself, but for the least, and whole CPUs. */
async function limit(
  { record, sandbox }: Container,
  change: UpdateOptions,
  limits: CgroupLimits,
): Promise<void> {
  const isAlone = record.pod === undefined;
  const request = {
    container: record.inGuest,
    cpuMax: change.cpus === undefined ? '' : cpuMax(limits.cpus, isAlone),
    pidsMax: change.pidsLimit === undefined ? '' : pidsMax(limits.pidsLimit ?? 0),
    memoryMax:
      change.memoryBytes === undefined
        ? ''
        : memoryMax(isAlone ? limitWithin(limits.memoryBytes) : limits.memoryBytes),
  };
  const { cpuMax: cpu, pidsMax: pids, memoryMax: memory } = request;
  if (sandbox && cpu + pids + memory !== '')
    await askLimit(await sandbox.agent(), { ...request, freeze: '' });
}
