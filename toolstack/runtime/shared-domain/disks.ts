// SPDX-License-Identifier: Apache-2.0
// Attaches and detaches the disks of a pod's containers: layers that several containers use, and writable layers.

import type { Domid } from '../../base/ids.js';
import { detachDevice } from '../../xen/device-detach.js';
import { attachDevices, libxlDeviceNodes } from '../../xen/devices.js';
import type { XenHost } from '../../xen/host.js';
import type { LoopDevices } from '../../xen/loop.js';
import { loopDisk } from '../../xen/loop-disk.js';
import { writeLater } from '../../xen/records.js';
import { diskDevid, diskName } from '../../xen/vbd.js';

/** A disk as a container's record names it. */
export interface MemberDisk {
  file: string;
  /** The disk's index among the guest's disks. */
  index: number;
  isWritable: boolean;
}

interface Held extends MemberDisk {
  uses: number;
  plugged: Promise<void> | undefined;
}

export class MemberDisks {
  readonly #services: { host: XenHost; loops: LoopDevices };
  readonly #domid: Domid;
  readonly #uuid: string;
  readonly #first: number;
  readonly #held = new Map<number, Held>();

  /** The domain itself has the first `first` disks. */
  constructor(
    services: { host: XenHost; loops: LoopDevices },
    { domid, uuid, first }: { domid: Domid; uuid: string; first: number },
  ) {
    this.#services = services;
    this.#domid = domid;
    this.#uuid = uuid;
    this.#first = first;
  }

  /** Returns the disk's name in the guest. */
  static guestName({ index }: MemberDisk): string {
    return diskName(index);
  }

  /** Reserves a disk for the file. Reuses the disk of a layer that the domain already has. Needs one give(). */
  take(file: string, isWritable: boolean): MemberDisk {
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

  /** Resolves when the domain has the disk. The guest's kernel sees it a moment later. Rejects with ERR_XEN_LOOP. */
  async plug({ index }: MemberDisk): Promise<void> {
    const held = this.#held.get(index);
    if (!held) throw new RangeError(`Disk ${index} is not taken`);
    held.plugged ??= this.#plug(held);
    await held.plugged;
  }

  /** Takes over a disk that an earlier thawd plugged. */
  async adopt(disk: MemberDisk): Promise<void> {
    const known = this.#held.get(disk.index);
    if (known) {
      known.uses++;
      return known.plugged;
    }
    const plugged = this.#services.loops.acquire(disk.file).then(() => undefined);
    this.#held.set(disk.index, { ...disk, uses: 1, plugged });
    await plugged;
  }

  /** Detaches disks that no record names: the thawd that plugged them ended first. */
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
   * Gives one use back. The last use detaches the disk, if the domain `isAlive`, and releases its loop device, even when the guest keeps the
   * disk open. Rejects when xenstore refuses.
   */
  async give({ index }: MemberDisk, isAlive: boolean): Promise<void> {
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
    const { device } = await loopDisk(loops, file, index, isWritable);
    try {
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
      host.log.warn(`Domain ${this.#domid} did not release ${diskName(index)}: it was taken away`);
  }
}

function diskOf({ file, index, isWritable }: Held): MemberDisk {
  return { file, index, isWritable };
}
