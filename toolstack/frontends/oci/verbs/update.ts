// SPDX-License-Identifier: Apache-2.0
// update: changes the limits of a running container, by its domain's size and its cgroup in the guest.

import {
  changeLimits,
  sizeSettled,
  type DomainSize,
} from '../../../runtime/resize/change-limits.js';
import { checkLimits } from '../../../sandbox/size/size.js';
import { mostVcpus } from '../../../sandbox/size/resize.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { OciContainer } from '../container/container.js';
import { fitDomain, membersKib } from '../pod/domain-size.js';
import { OciError, savingError, stateError } from '../errors.js';
import { ownerOf } from '../pod/pod.js';
import { nameInGuest, type OciLimits } from '../container/record.js';

/**
 * Changes all limits that `change` has, or none. Infinity removes a limit. Rejects with ERR_OCI_STATE, ERR_USAGE, and as resizeMemory() and
 * resizeVcpus() do.
 */
export function update(
  services: SandboxServices,
  container: OciContainer,
  change: OciLimits,
  containers: readonly OciContainer[],
): Promise<void> {
  return container.exclusive(async () => {
    const { record, domain } = container;
    if (record.state !== 'running' || !domain) throw stateError('update', record);
    if (container.isSaving) throw savingError('update', record);
    const { sandbox } = domain;
    const [own, name] = [container.ownsDomain ? sandbox : undefined, nameInGuest(record)];
    await sizeSettled(sandbox, own);
    const before = record.limits;
    const limits = finite({ ...before, ...change });
    const size = own && (await newSize(services, own, change, limits));
    if (size && change.memoryBytes !== undefined)
      size.memoryKib = Math.max(size.memoryKib, membersKib(container, containers));
    // The domain is fitted to the sum of all records' limits.
    record.limits = limits;
    try {
      if (!own) await fitOther(services, container, change, containers);
      await changeLimits(
        services,
        { record, name, sandbox, own },
        { change, before, after: limits, size },
      );
    } catch (error) {
      record.limits = before;
      throw error;
    }
    await container.update({});
  });
}

/** Returns the size of a domain with these limits. Rejects with ERR_USAGE where it cannot have them. */
async function newSize(
  services: SandboxServices,
  { record }: Sandbox,
  { cpus = Infinity, memoryBytes }: OciLimits,
  limits: OciLimits,
): Promise<DomainSize> {
  if (memoryBytes === Infinity)
    throw new OciError('ERR_USAGE', 'Cannot have memory without a limit: a domain has a size');
  const { memoryKib } = await checkLimits(limits, services);
  const vcpus = cpus === Infinity ? record.vcpus : Math.ceil(cpus);
  const most = mostVcpus(record, services);
  if (vcpus > most)
    throw new OciError('ERR_USAGE', `Cannot have ${cpus} CPUs: its domain was made for ${most}`);
  return { vcpus, memoryKib: memoryBytes === undefined ? record.memoryKib : memoryKib };
}

/** Grows the domain of another container where its memory is too small for all its containers. Rejects with ERR_USAGE, and as fitDomain() does. */
async function fitOther(
  services: SandboxServices,
  container: OciContainer,
  { cpus = Infinity }: OciLimits,
  containers: readonly OciContainer[],
): Promise<void> {
  const owner = ownerOf(container, containers);
  if (!owner?.domain) throw stateError('update', container.record);
  const { vcpus } = owner.domain.sandbox.record;
  if (cpus !== Infinity && cpus > vcpus)
    throw new OciError('ERR_USAGE', `Cannot have ${cpus} CPUs: its pod's domain has ${vcpus}`);
  await fitDomain(services, owner, containers);
}

/** Returns the limits without those that are Infinity. */
function finite(limits: OciLimits): OciLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== Infinity));
}
