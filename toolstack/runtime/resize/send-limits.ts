// SPDX-License-Identifier: Apache-2.0
// Changes the limits of a running container's cgroup through the guest's agent.

import { askLimit } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import { cpuMax, memoryMax, pidsMax } from '../../sandbox/size/cgroup-limits.js';
import { limitWithin } from '../../sandbox/size/size.js';

/** Undefined means no limit. */
export interface CgroupLimits {
  cpus?: number | undefined;
  pids?: number | undefined;
  memoryBytes?: number | undefined;
}

export interface LimitedContainer {
  sandbox: Pick<ContainerSandbox, 'agent'>;
  /** The guest's name of the container. */
  name: string;
  /** True when the domain itself limits whole CPUs, and memory above the smallest size of a domain. */
  hasOwnDomain: boolean;
}

/** Sets the cgroup's limits that `change` names to their values in `limits`. Leaves all other limits. Rejects as askLimit() does. */
export async function limitCgroup(
  { sandbox, name, hasOwnDomain }: LimitedContainer,
  change: CgroupLimits,
  limits: CgroupLimits,
): Promise<void> {
  const { cpus, pids, memoryBytes } = limits;
  const memory = hasOwnDomain ? limitWithin(memoryBytes) : memoryBytes;
  const files = {
    cpuMax: change.cpus === undefined ? '' : cpuMax(cpus, hasOwnDomain),
    pidsMax: change.pids === undefined ? '' : pidsMax(pids ?? 0),
    memoryMax: change.memoryBytes === undefined ? '' : memoryMax(memory),
  };
  if (Object.values(files).every((text) => text === '')) return;
  await askLimit(await sandbox.agent(), { container: name, ...files, freeze: '' });
}
