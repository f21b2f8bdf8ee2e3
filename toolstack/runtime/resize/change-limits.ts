// SPDX-License-Identifier: Apache-2.0
// Changes the limits of a running container: those of its cgroup through the agent, those of its own domain through Xen and the guest.

import { Undo } from '../../base/undo.js';
import type { ContainerSandbox, Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import { resizeMemory, resizeVcpus } from '../../sandbox/size/resize.js';
import { isUp, type HasState } from '../lifecycle/lifecycle.js';
import { limitCgroup, type CgroupLimits } from './send-limits.js';

export interface RunningContainer {
  record: HasState;
  /** The guest's name of the container. */
  name: string;
  sandbox: Pick<ContainerSandbox, 'agent'>;
  /** The domain that is the container's alone; undefined for a member of another's domain, whose size stays. */
  own: Sandbox | undefined;
}

export interface LimitsChange {
  /** The limits to change. */
  change: CgroupLimits;
  before: CgroupLimits;
  after: CgroupLimits;
  /** The new size of the container's own domain; undefined where it stays. */
  size?: DomainSize | undefined;
}

export interface DomainSize {
  vcpus: number;
  memoryKib: number;
}

/**
 * Changes all limits or none. Call it in the container's exclusive work, once its size has settled. Rejects as resizeMemory(), resizeVcpus()
 * and askLimit() do.
 */
export async function changeLimits(
  services: SandboxServices,
  { record, name, sandbox, own }: RunningContainer,
  { change, before, after, size }: LimitsChange,
): Promise<void> {
  const container = { sandbox, name, hasOwnDomain: own !== undefined };
  await Undo.guard(services.host.log, async (undo) => {
    // A container that has ended does not get its old limits back.
    const back = (what: string, work: () => Promise<void>): void =>
      undo.push(what, () => (isUp(record) ? work() : undefined));
    back('limits', () => limitCgroup(container, change, before));
    const { cpus, pids, memoryBytes } = change;
    await limitCgroup(container, own ? { cpus, pids } : change, after);
    if (!own) return;
    // Memory comes last: it takes longest and is refused most often. A cgroup is not limited to memory that the domain did not get.
    if (size) await resizeDomain(services, own, name, size, back);
    await limitCgroup(container, { memoryBytes }, after);
  });
}

async function resizeDomain(
  services: SandboxServices,
  sandbox: Sandbox,
  name: string,
  { vcpus, memoryKib }: DomainSize,
  back: (what: string, work: () => Promise<void>) => void,
): Promise<void> {
  const { vcpus: vcpusBefore, memoryKib: kibBefore } = sandbox.record;
  if (vcpus !== vcpusBefore) {
    await resizeVcpus(services, sandbox, vcpus);
    back('vCPUs', () => resizeVcpus(services, sandbox, vcpusBefore));
  }
  await resizeMemory(services, sandbox, memoryKib, name);
  back('memory', () => resizeMemory(services, sandbox, kibBefore, name));
}

/** Resolves when the domain has the size that its record names. Work that the start deferred would undo a change. */
export async function sizeSettled(
  sandbox: Pick<ContainerSandbox, 'written'>,
  own?: Pick<Sandbox, 'grown'>,
): Promise<void> {
  await own?.grown;
  await sandbox.written();
}
