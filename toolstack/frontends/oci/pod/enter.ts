// SPDX-License-Identifier: Apache-2.0
// How a container comes to be in a domain: one that is made for it, or another's, where it has a slot and its files by a 9pfs device of its own.

import { Steps } from '../../../base/steps.js';
import {
  firstProcess,
  Member,
  mountRoot,
  PodDomain,
  routeEvents,
  slotOf,
  Slots,
  type Place,
} from '../../../runtime/pod/index.js';
import type { Template } from '../../../clone/template/template.js';
import { createSandbox } from '../../../sandbox/create/create.js';
import { upperKibOf } from '../../../sandbox/create/layers.js';
import { INIT_PROCESS } from '../../../sandbox/shim/execs.js';
import { all } from '../../../sandbox/create/booted-clone.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import type { ShimEvents } from '../../../sandbox/shim/client.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';

/** Of the container that the domain is made for: processes of an ordinary sandbox have its numbers. */
export const OWN_SLOT = slotOf(INIT_PROCESS);

/** A domain of its own, which others may come into; where it is restored, one that goes on from `frozen`. */
export async function makeDomain(
  { sandbox: services, pool }: OciServices,
  container: OciContainer,
  signal: AbortSignal,
  meanwhile: (sandbox: ContainerSandbox) => Promise<void>,
  frozen?: Template,
): Promise<void> {
  const slots = new Slots<ShimEvents>();
  slots.adopt(OWN_SLOT, container.events);
  const sandbox = await createSandbox(services, pool, container.record.sandbox, {
    ...{ events: routeEvents(slots, () => undefined), meanwhile, frozen },
    signal: AbortSignal.any([signal, container.going.signal]),
  });
  container.sandbox = sandbox;
  container.domain = new PodDomain(services, sandbox, slots);
}

/** Resolves when its guest has its files and `meanwhile` is done; whoever undoes the container undoes this, too. */
export async function enterDomain(
  services: OciServices,
  container: OciContainer,
  owner: OciContainer,
  meanwhile: (sandbox: ContainerSandbox) => Promise<void>,
): Promise<void> {
  const { domain } = owner;
  if (!domain) throw new RangeError('Its domain is there no more');
  const { record } = container;
  const { files = [], layers } = record.sandbox;
  const device = files.length > 0 ? domain.files.take() : undefined;
  const place: Place = {
    slot: domain.slots.take(container.events),
    disks: layers.map((file) => domain.disks.take(file, false)),
    ...(device === undefined ? {} : { files: device }),
  };
  record.place = place;
  const member = stayIn(services, container, owner, place);
  const root = { name: record.key, layers, upperKib: upperKibOf(record.sandbox) };
  // The next thawd must know whose they are.
  await services.store.save(record);
  const steps = new Steps(services.sandbox.host.log, `${record.sandbox.name}, ${record.id}`);
  try {
    await all([
      ...(device === undefined ? [] : [domain.files.share(device, files, steps)]),
      ...(layers.length === 0 ? [] : [steps.time('mount', mountRoot(domain, root, place.disks))]),
      steps.time('meanwhile', meanwhile(member)),
    ]);
  } finally {
    steps.done();
  }
}

/** What it has there is taken already. */
export function stayIn(
  { sandbox: services }: OciServices,
  container: OciContainer,
  { domain }: OciContainer,
  place: Place,
): ContainerSandbox {
  if (!domain) throw new RangeError('Its domain is there no more');
  const member = new Member(services, domain, {
    ...{ name: container.record.key, place, hearsShimOnly: true },
    onLeft: () => undefined,
  });
  container.execs.beginAt(firstProcess(place.slot));
  container.sandbox = member;
  container.domain = domain;
  return member;
}
