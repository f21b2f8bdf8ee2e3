// SPDX-License-Identifier: Apache-2.0
// Lets a container enter a shared domain: takes a slot, plugs its layers and writable layer as disks, mounts its root filesystem and shares.

import { askMount } from '../../agent/mount.js';
import { defined } from '../../base/defined.js';
import type { Steps } from '../../base/steps.js';
import { all } from '../../sandbox/boot/booted-clone.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { SharedFile } from '../../sandbox/shares/shares.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { MemberDisks, type MemberDisk } from './disks.js';
import type { SharedDomain } from './domain.js';
import { Member, type MemberOptions, type MemberSlot } from './member.js';

export interface Entering extends Pick<MemberOptions, 'name' | 'onLeft' | 'hearsShimOnly'> {
  /** EROFS files, lowest layer first. Without layers the root filesystem is one of the shares. */
  layers: readonly string[];
  /** The writable layer, if it outlives the container's end. Otherwise it is in the guest's memory. */
  disk?: Disk | undefined;
  /** Folders and files of dom0 that are shared with the container. */
  files: readonly SharedFile[];
  /** The largest size of a writable layer in memory. */
  upperKib: number;
  /** Gets the shim's messages about the container. */
  events: ShimEvents;
  /** Records the container's place in the domain, before anything changes in the domain. */
  onSlot: (member: Member) => Promise<void>;
  /** Further work, at the same time as the mount and the shares. */
  meanwhile?: (member: Member) => Promise<void>;
  signal?: AbortSignal | undefined;
  steps: Steps;
}

/** Resolves when the guest has the root filesystem and the shares. When it rejects, the caller destroys the member that `onSlot` got. */
export async function enterDomain(
  services: SandboxServices,
  domain: SharedDomain,
  entering: Entering,
): Promise<Member> {
  const { disks, slots } = domain;
  const { name, layers, disk, files, meanwhile, signal, steps } = entering;
  const device = files.length > 0 ? domain.shares.take() : undefined;
  const place: MemberSlot = {
    slot: slots.take(entering.events),
    disks: [
      ...layers.map((file) => disks.take(file, false)),
      ...(disk ? [disks.take(disk.path, true)] : []),
    ],
    ...defined({ files: device }),
  };
  const member = new Member(services, domain, { ...entering, place });
  await entering.onSlot(member);
  if (disk) await services.disks.ensure(disk);
  signal?.throwIfAborted();
  await all([
    ...(device === undefined ? [] : [domain.shares.share(device, files, steps)]),
    ...(layers.length === 0 ? [] : [steps.time('mount', mountRoot(domain, entering, place.disks))]),
    ...(meanwhile ? [steps.time('meanwhile', meanwhile(member))] : []),
  ]);
  signal?.throwIfAborted();
  if (device === undefined || files.every(({ fillFrom }) => fillFrom === undefined)) return member;
  await domain.shares.fill(device, { files, rootfs: name }, steps);
  signal?.throwIfAborted();
  return member;
}

/** Returns a container of an earlier thawd to the place in its record. Rejects with ERR_XEN_LOOP. */
export async function reenterDomain(
  services: SandboxServices,
  domain: SharedDomain,
  { events, ...options }: MemberOptions & Pick<Entering, 'events'>,
): Promise<Member> {
  const { slot, files, disks } = options.place;
  domain.slots.adopt(slot, events);
  if (files !== undefined) domain.shares.adopt(files);
  // Adopts all disks even if one fails: the sweep detaches a disk that is not adopted, though the container may use it.
  await all(disks.map((disk) => domain.disks.adopt(disk)));
  return new Member(services, domain, { ...options, hearsShimOnly: true });
}

/** Plugs the missing disks, and resolves when the guest has mounted all of them. */
async function mountRoot(
  domain: SharedDomain,
  { name, layers, disk, upperKib }: Entering,
  disks: readonly MemberDisk[],
): Promise<void> {
  await all(disks.map((one) => domain.disks.plug(one)));
  const names = disks.map((one) => MemberDisks.guestName(one));
  await askMount(await domain.sandbox.agent(), {
    rootfs: name,
    devices: names.slice(0, layers.length),
    upperKib,
    upper: disk && (names.at(-1) ?? ''),
  });
}
