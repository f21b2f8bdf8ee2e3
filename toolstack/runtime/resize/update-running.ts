// SPDX-License-Identifier: Apache-2.0
// Changes the limits of a running container: those of its cgroup through the agent, those of its own domain through Xen and the guest.

import type { UpdateOptions } from '../../api/engine.js';
import { Undo } from '../../base/undo.js';
import type { Limits } from '../../sandbox/size/size.js';
import { mostVcpus, resizeMemory, resizeVcpus } from '../../sandbox/size/resize.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError, stateError } from '../errors.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { ContainerServices } from '../store/containers.js';
import { pidsLimitOf, type ContainerRecord } from '../store/record.js';
import { limitCgroup, type CgroupLimits } from './limits.js';

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
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('update', record);
  const { ownSandbox: own } = container;
  if (own && limits) checkVcpus(services, record, limits);
  // Memory that the domain still gets after its start would undo the change.
  await own?.grown;
  await sandbox.written();
  const before = limitsOf(record);
  const { memoryBytes, cpus, pidsLimit: pids } = change;
  await container.update({ isUpdating: true });
  try {
    await Undo.guard(services.log, async (undo) => {
      // A container that has ended does not get its old limits back.
      const back = (what: string, work: () => Promise<void>): void =>
        undo.push(what, () => (isUp(record) ? work() : undefined));
      const all = { cpus, pids, memoryBytes };
      back('limits', () => limit(container, all, before));
      await limit(container, own ? { cpus, pids } : all, all);
      // Memory comes last: it takes longest and is refused most often. A cgroup is not limited to memory that the domain did not get.
      if (own && limits) await resizeDomain(services, own, record, limits, back);
      if (own) await limit(container, { memoryBytes }, all);
    });
  } catch (error) {
    delete record.isUpdating;
    // The container's end writes the record, or has removed it.
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

/** Restores the recorded limits of a running container when a thawd ended during an update. Never rejects. */
export async function finishUpdate(
  services: ContainerServices,
  container: Container,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.isUpdating !== true || record.state !== 'running' || !sandbox) return;
  try {
    await container.exclusive(async () => {
      await limit(container, { cpus: 0, pids: 0, memoryBytes: 0 }, limitsOf(record));
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

function limitsOf(record: ContainerRecord): CgroupLimits {
  const { cpus, pod, options, memoryBytes } = record;
  return {
    ...{ cpus: pod ? options?.cpus : cpus, pids: pidsLimitOf(record) },
    memoryBytes: pod ? options?.memoryBytes : memoryBytes,
  };
}

async function limit(
  { record, sandbox }: Container,
  change: CgroupLimits,
  limits: CgroupLimits,
): Promise<void> {
  if (!sandbox) return;
  const container = { sandbox, name: record.inGuest, hasOwnDomain: record.pod === undefined };
  await limitCgroup(container, change, limits);
}
