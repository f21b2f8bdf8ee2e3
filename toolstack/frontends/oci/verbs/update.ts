// SPDX-License-Identifier: Apache-2.0
// update: changes the limits of a running container, by its domain's size and its cgroup in the guest.

import {
  changeLimits,
  sizeSettled,
  type DomainSize,
} from '../../../runtime/resize/change-limits.js';
import { isUp } from '../../../runtime/lifecycle/lifecycle.js';
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
    const before = record.limits;
    const limits = finite({ ...before, ...change });
    const memoryKib = own && (await checkSize(services, own, change, limits));
    await sizeSettled(sandbox, own);
    const size = own && newSize(own, change, memoryKib, membersKib(container, containers));
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
      // A size that could not be taken back is the domain's.
      if (isUp(record))
        await container.update({}).catch((cause: unknown) => {
          services.host.log.warn(`Cannot write down the size of ${container.label}`, {
            error: cause,
          });
        });
      throw error;
    }
    await container.update({});
  });
}

/** Resolves with the memory that a domain with these limits has. Rejects with ERR_USAGE where it cannot have them. */
async function checkSize(
  services: SandboxServices,
  { record }: Sandbox,
  { cpus, memoryBytes }: OciLimits,
  limits: OciLimits,
): Promise<number | undefined> {
  if (memoryBytes === Infinity)
    throw new OciError('ERR_USAGE', 'Cannot have memory without a limit: a domain has a size');
  const { memoryKib } = await checkLimits(limits, services);
  const most = mostVcpus(record, services);
  if (vcpusFor(cpus, record.vcpus) > most)
    throw new OciError('ERR_USAGE', `Cannot have ${cpus} CPUs: its domain was made for ${most}`);
  return memoryBytes === undefined ? undefined : memoryKib;
}

/** Returns the changed size of a domain, which has at least the memory that its other members need; undefined where it stays. Pure. */
function newSize(
  { record }: Sandbox,
  { cpus }: OciLimits,
  memoryKib: number | undefined,
  othersKib: number,
): DomainSize | undefined {
  const vcpus = vcpusFor(cpus, record.vcpus);
  if (memoryKib === undefined && vcpus === record.vcpus) return undefined;
  const wantedKib = memoryKib === undefined ? record.memoryKib : Math.max(memoryKib, othersKib);
  return { vcpus, memoryKib: wantedKib };
}

function vcpusFor(cpus: number | undefined, now: number): number {
  return cpus === undefined || cpus === Infinity ? now : Math.ceil(cpus);
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
