// SPDX-License-Identifier: Apache-2.0
// Puts a container of a container engine into a domain: its own new domain, or that of another container of its pod.

import { Steps } from '../../../base/steps.js';
import type { Template } from '../../../clone/template/template.js';
import {
  enterDomain,
  firstProcess,
  makeDomain,
  reenterDomain,
  type Member,
  type MemberSlot,
} from '../../../runtime/shared-domain/index.js';
import { upperKibOf } from '../../../sandbox/boot/layers.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';

/** Makes a domain for the container. A restored container continues from `frozen` there. */
export async function makeOwn(
  services: OciServices,
  container: OciContainer,
  signal: AbortSignal,
  meanwhile: (sandbox: ContainerSandbox) => Promise<void>,
  frozen?: Template,
): Promise<void> {
  const { shimEvents: events, going, record } = container;
  const domain = await makeDomain(services, record.sandbox, {
    events,
    meanwhile,
    frozen,
    signal: AbortSignal.any([signal, going.signal]),
  });
  container.sandbox = domain.sandbox;
  container.domain = domain;
}

/** Resolves when the guest has the container's shares and `meanwhile` is done. When it rejects, undoing the container undoes this too. */
export async function enterOther(
  services: OciServices,
  container: OciContainer,
  owner: OciContainer,
  meanwhile: (sandbox: ContainerSandbox) => Promise<void>,
): Promise<void> {
  const { record, shimEvents: events } = container;
  const { files = [], layers, name } = record.sandbox;
  const domain = domainOf(owner);
  const steps = new Steps(services.sandbox.host.log, `${name}, ${record.id}`);
  try {
    await enterDomain(services.sandbox, domain, {
      name: record.key,
      layers,
      files,
      upperKib: upperKibOf(record.sandbox),
      events,
      hearsShimOnly: true,
      meanwhile,
      steps,
      onSlot: (member) => {
        record.place = member.place;
        becomeMember(container, owner, member);
        // The next thawd must know the owner of the slot, the disks and the device.
        return services.store.save(record);
      },
    });
  } finally {
    steps.done();
  }
}

/** Gives the container the slot that it had under an earlier thawd. Rejects with ERR_XEN_LOOP. */
export async function reenterOther(
  { sandbox: services }: OciServices,
  container: OciContainer,
  owner: OciContainer,
  place: MemberSlot,
): Promise<void> {
  const options = { name: container.record.key, place, events: container.shimEvents };
  becomeMember(container, owner, await reenterDomain(services, domainOf(owner), options));
}

function becomeMember(container: OciContainer, owner: OciContainer, member: Member): void {
  container.execs.beginAt(firstProcess(member.place.slot));
  container.sandbox = member;
  container.domain = owner.domain;
}

function domainOf({ domain, record }: OciContainer): NonNullable<OciContainer['domain']> {
  if (!domain) throw new RangeError(`The domain of container "${record.id}" is gone`);
  return domain;
}
