// SPDX-License-Identifier: Apache-2.0
// The disks of a pod's domain, which come and go with its containers: layers that several containers share, and writable layers.

import type { Domid } from '../../base/ids.js';
import { detachDevice } from '../../xen/device-detach.js';
import { attachDevices, libxlDeviceNodes } from '../../xen/devices.js';
import type { XenHost } from '../../xen/host.js';
import type { LoopDevices } from '../../xen/loop.js';
import { writeLater } from '../../xen/records.js';
import { diskDevid, diskName, readOnlyDisk, writableDisk } from '../../xen/vbd.js';

/** A disk as a container's record names it. */
export interface PodDisk {
  file: string;
  /** Which of the guest's disks it is. */
  index: number;
  isWritable: boolean;
}

interface Held extends PodDisk {
  uses: number;
  plugged: Promise<void> | undefined;
}

export class PodDisks {
  readonly #services: { host: XenHost; loops: LoopDevices };
  readonly #domid: Domid;
  readonly #uuid: string;
  readonly #first: number;
  readonly #held = new Map<number, Held>();

  /** `first` disks the domain has for itself. */
  constructor(
    services: { host: XenHost; loops: LoopDevices },
    { domid, uuid, first }: { domid: Domid; uuid: string; first: number },
  ) {
    this.#services = services;
    this.#domid = domid;
    this.#uuid = uuid;
    this.#first = first;
  }

  /** What the guest calls it. */
  static guestName({ index }: PodDisk): string {
    return diskName(index);
  }

  /** Decides which disk shows the file; one that is there already where it is a layer. Needs one give(). */
  take(file: string, isWritable: boolean): PodDisk {
    const shared = [...this.#held.values()].find(
      (one) => one.file === file && one.uses > 0 && !one.isWritable && !isWritable,
    );
    if (shared) {
      shared.uses++;
      return diskOf(shared);
    }
    let index = this.#first;
    while (this.#held.has(index)) index++;
    const held = { file, index, isWritable, uses: 1, plugged: undefined };
    this.#held.set(index, held);
    return diskOf(held);
  }

  /** Resolves when the domain has it; the guest's kernel sees it a moment later. Rejects with ERR_XEN_LOOP. */
  async plug({ index }: PodDisk): Promise<void> {
    const held = this.#held.get(index);
    if (!held) throw new RangeError(`Nobody has taken disk ${index}`);
    held.plugged ??= this.#plug(held);
    await held.plugged;
  }

  /** One that a thawd before plugged. */
  async adopt(disk: PodDisk): Promise<void> {
    const known = this.#held.get(disk.index);
    if (known) {
      known.uses++;
      return known.plugged;
    }
    const plugged = this.#services.loops.acquire(disk.file).then(() => undefined);
    this.#held.set(disk.index, { ...disk, uses: 1, plugged });
    await plugged;
  }

  /** Takes disks away that a thawd plugged which did not come to write down for whom. */
  async sweep(): Promise<void> {
    const { host } = this.#services;
    const path = `/local/domain/0/backend/vbd/${this.#domid}`;
    const there = await host.xenstore.directory(path).catch(() => []);
    const own = Array.from({ length: this.#first }, (_, index) => index);
    const known = new Set([...own, ...this.#held.keys()].map((index) => String(diskDevid(index))));
    for (const devid of there.filter((name) => !known.has(name)))
      await detachDevice(host, this.#domid, { kind: 'vbd', devid: Number(devid) });
  }

  /**
   * Gives one use back; with the last the disk goes, from the domain too while that `isAlive`. A file of which the guest does not let go has no
   * loop device any more all the same. Rejects when xenstore refuses.
   */
  async give({ index }: PodDisk, isAlive: boolean): Promise<void> {
    const held = this.#held.get(index);
    if (!held || --held.uses > 0) return;
    const wasPlugged = await held.plugged?.then(
      () => true,
      () => false,
    );
    try {
      if (wasPlugged === true && isAlive) await this.#unplug(index);
    } finally {
      this.#held.delete(index);
      if (wasPlugged === true) await this.#services.loops.release(held.file);
    }
  }

  async #plug({ file, index, isWritable }: Held): Promise<void> {
    const { host, loops } = this.#services;
    const node = await (isWritable ? loops.acquireWritable(file) : loops.acquire(file));
    try {
      const { device } = await (isWritable ? writableDisk : readOnlyDisk)(node, index);
      await attachDevices(host, this.#domid, [device]);
      await writeLater(host, this.#domid, this.#uuid, libxlDeviceNodes(this.#domid, device));
    } catch (error) {
      await loops.release(file);
      throw error;
    }
  }

  async #unplug(index: number): Promise<void> {
    const { host } = this.#services;
    const closed = await detachDevice(host, this.#domid, { kind: 'vbd', devid: diskDevid(index) });
    if (!closed)
      host.log.warn(
        `Domain ${this.#domid} did not let go of ${diskName(index)}: it was taken away`,
      );
  }
}

function diskOf({ file, index, isWritable }: Held): PodDisk {
  return { file, index, isWritable };
}
