// SPDX-License-Identifier: Apache-2.0
// How a container comes into a pod's domain: a slot, its layers and its writable layer as disks, its root filesystem, files of the host.

import { askMount } from '../../agent/mount.js';
import type { Steps } from '../../base/steps.js';
import { Undo } from '../../base/undo.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import type { SharedFile } from '../../sandbox/shares/shares.js';
import { all } from '../../sandbox/create/booted-clone.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { PodDisks, type PodDisk } from './disks.js';
import type { PodDomain } from './domain.js';
import { Member, type Place } from './member.js';
import type { Pod } from './pod.js';

export interface Entering {
  /** What the guest calls the container and its root filesystem. */
  name: string;
  /** EROFS files, lowest layer first. */
  layers: readonly string[];
  /** Its writable layer, where that outlives it; else it is in the guest's memory. */
  disk?: Disk | undefined;
  /** What it has of the host. */
  files: readonly SharedFile[];
  /** The most that a writable layer in memory may hold. */
  upperKib: number;
  /** Gets what the shim tells of it. */
  events: ShimEvents;
  /** What must be written down before anything is changed in the domain, and can go on beside the mount. */
  onPlace: (member: Member) => Promise<void>;
  signal?: AbortSignal | undefined;
  steps: Steps;
}

/** The pod's domain is started where it does not run. Leaves nothing in it when it rejects. */
export async function enterPod(pod: Pod, entering: Entering): Promise<Member> {
  const { services } = pod;
  const domain = await pod.up(entering.signal);
  const { disks, slots } = domain;
  const { name, layers, disk, files, events, onPlace, signal, steps } = entering;
  const device = files.length > 0 ? domain.files.take() : undefined;
  const place: Place = {
    slot: slots.take(events),
    disks: [
      ...layers.map((file) => disks.take(file, false)),
      ...(disk ? [disks.take(disk.path, true)] : []),
    ],
    ...(device === undefined ? {} : { files: device }),
  };
  const onLeft = (): void => pod.left(domain);
  const member = new Member(services.sandbox, domain, { name, place, onLeft });
  return Undo.guard(services.log, async (undo) => {
    undo.push(`container in pod ${pod.record.name}`, () => member.destroy());
    await onPlace(member);
    if (disk) await services.sandbox.disks.ensure(disk);
    signal?.throwIfAborted();
    await all([
      ...(device === undefined ? [] : [domain.files.share(device, files, steps)]),
      steps.time('mount', mountRoot(domain, entering, place.disks)),
    ]);
    signal?.throwIfAborted();
    if (device !== undefined) await domain.files.fill(device, { files, rootfs: name }, steps);
    signal?.throwIfAborted();
    return member;
  });
}

/** Resolves once the guest has the root filesystem that these disks are, which are plugged where they are not. */
export async function mountRoot(
  domain: PodDomain,
  { name, layers, disk, upperKib }: Pick<Entering, 'name' | 'layers' | 'disk' | 'upperKib'>,
  disks: readonly PodDisk[],
): Promise<void> {
  await all(disks.map((one) => domain.disks.plug(one)));
  const names = disks.map((one) => PodDisks.guestName(one));
  await askMount(await domain.sandbox.agent(), {
    ...{ rootfs: name, devices: names.slice(0, layers.length), upperKib },
    upper: disk && (names.at(-1) ?? ''),
  });
}
