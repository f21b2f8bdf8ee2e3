// SPDX-License-Identifier: Apache-2.0
// update: another size for a container that runs, by its domain and its guest's cgroup.

import { askLimit } from '../../../sandbox/agent/calls.js';
import { cpuMax, memoryMax, pidsMax } from '../../../sandbox/size/cgroup-files.js';
import { checkLimits, limitWithin } from '../../../sandbox/size/size.js';
import { mostVcpus, resizeVcpus } from '../../../sandbox/size/resize.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { OciContainer } from '../container/container.js';
import { fitDomain, resizeDomain } from '../pod/domain-size.js';
import { OciError, savingError, stateError } from '../errors.js';
import { ownerOf } from '../pod/pod.js';
import { nameInGuest, type OciLimits } from '../container/record.js';

/**
 * What `change` has is changed; Infinity takes a limit away. What was changed before a part that fails stays. Rejects with
 * ERR_OCI_STATE, ERR_USAGE, and as resizeMemory() and resizeVcpus() do.
 */
export async function update(
  services: SandboxServices,
  container: OciContainer,
  change: OciLimits,
  containers: readonly OciContainer[],
): Promise<void> {
  const { record, domain } = container;
  if (record.state !== 'running' || !domain) throw stateError('update', record);
  if (container.isSaving) throw savingError('update', record);
  if (!container.ownsDomain) return updateMember(services, container, change, containers);
  const { sandbox } = domain;
  const { memoryBytes, cpus, pids } = change;
  if (memoryBytes === Infinity)
    throw new OciError('ERR_USAGE', 'Cannot have memory without a limit: a domain has a size');
  const limits = finite({ ...record.limits, ...change });
  const { memoryKib } = await checkLimits(limits, services);
  const vcpus = cpus === undefined || cpus === Infinity ? sandbox.record.vcpus : Math.ceil(cpus);
  if (vcpus > mostVcpus(sandbox.record, services))
    throw new OciError(
      'ERR_USAGE',
      `Cannot have ${cpus} CPUs: its domain was made for ${mostVcpus(sandbox.record, services)}`,
    );
  // A size that it is still to get would come in between.
  await sandbox.grown;
  if (vcpus !== sandbox.record.vcpus) await resizeVcpus(services, sandbox, vcpus);
  if (memoryBytes !== undefined)
    await resizeDomain(services, container, containers, () => memoryKib);
  await askLimit(await sandbox.agent(), {
    ...{ container: nameInGuest(record), freeze: '' },
    cpuMax: cpus === undefined ? '' : cpuMax(limits.cpus, true),
    pidsMax: pids === undefined ? '' : pidsMax(limits.pids ?? 0),
    memoryMax: memoryBytes === undefined ? '' : memoryMax(limitWithin(memoryBytes)),
  });
  await container.update({ limits });
}

/** Of one in another's domain its cgroup is all that limits it; the domain grows where its memory does not do. */
async function updateMember(
  services: SandboxServices,
  container: OciContainer,
  change: OciLimits,
  containers: readonly OciContainer[],
): Promise<void> {
  const { record, domain } = container;
  const owner = ownerOf(container, containers);
  if (!domain || !owner) throw stateError('update', record);
  const { memoryBytes, cpus, pids } = change;
  const { vcpus } = domain.sandbox.record;
  if (cpus !== undefined && cpus !== Infinity && cpus > vcpus)
    throw new OciError('ERR_USAGE', `Cannot have ${cpus} CPUs: its pod's domain has ${vcpus}`);
  const before = record.limits;
  const limits = finite({ ...before, ...change });
  // What counts for the size of the domain.
  record.limits = limits;
  try {
    await fitDomain(services, owner, containers);
    await askLimit(await domain.sandbox.agent(), {
      ...{ container: nameInGuest(record), freeze: '' },
      cpuMax: cpus === undefined ? '' : cpuMax(limits.cpus, false),
      pidsMax: pids === undefined ? '' : pidsMax(limits.pids ?? 0),
      memoryMax: memoryBytes === undefined ? '' : memoryMax(limits.memoryBytes),
    });
  } catch (error) {
    record.limits = before;
    throw error;
  }
  await container.update({ limits });
}

/** Those that are limits. */
function finite(limits: OciLimits): OciLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== Infinity));
}
