// SPDX-License-Identifier: Apache-2.0
// update: changes the limits of a running container, by its domain's size and its cgroup in the guest.

import { limitCgroup, type LimitedContainer } from '../../../runtime/resize/limits.js';
import { checkLimits } from '../../../sandbox/size/size.js';
import { mostVcpus, resizeVcpus } from '../../../sandbox/size/resize.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { OciContainer } from '../container/container.js';
import { fitDomain, resizeDomain } from '../pod/domain-size.js';
import { OciError, savingError, stateError } from '../errors.js';
import { ownerOf } from '../pod/pod.js';
import { nameInGuest, type OciLimits } from '../container/record.js';

/**
 * Changes the limits that `change` has. Infinity removes a limit. When one change fails, earlier ones stay. Rejects with ERR_OCI_STATE, ERR_USAGE,
 * and as resizeMemory() and resizeVcpus() do.
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
  const { memoryBytes, cpus } = change;
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
  // Deferred growth of the memory would undo the change.
  await sandbox.grown;
  if (vcpus !== sandbox.record.vcpus) await resizeVcpus(services, sandbox, vcpus);
  if (memoryBytes !== undefined)
    await resizeDomain(services, container, containers, () => memoryKib);
  await limitCgroup(limited(container, sandbox), change, limits);
  await container.update({ limits });
}

/** Limits a container in another's domain by its cgroup alone. The domain grows where its memory is too small for all its containers. */
async function updateMember(
  services: SandboxServices,
  container: OciContainer,
  change: OciLimits,
  containers: readonly OciContainer[],
): Promise<void> {
  const { record, domain } = container;
  const owner = ownerOf(container, containers);
  if (!domain || !owner) throw stateError('update', record);
  const { cpus } = change;
  const { vcpus } = domain.sandbox.record;
  if (cpus !== undefined && cpus !== Infinity && cpus > vcpus)
    throw new OciError('ERR_USAGE', `Cannot have ${cpus} CPUs: its pod's domain has ${vcpus}`);
  const before = record.limits;
  const limits = finite({ ...before, ...change });
  // fitDomain() adds up the records' limits.
  record.limits = limits;
  try {
    await fitDomain(services, owner, containers);
    await limitCgroup(limited(container, domain.sandbox), change, limits);
  } catch (error) {
    record.limits = before;
    throw error;
  }
  await container.update({ limits });
}

function limited(
  { record, ownsDomain }: OciContainer,
  sandbox: LimitedContainer['sandbox'],
): LimitedContainer {
  return { sandbox, name: nameInGuest(record), hasOwnDomain: ownsDomain };
}

/** Returns the limits without those that are Infinity. */
function finite(limits: OciLimits): OciLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== Infinity));
}
