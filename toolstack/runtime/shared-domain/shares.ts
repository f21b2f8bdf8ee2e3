// SPDX-License-Identifier: Apache-2.0
// Adds and removes the 9pfs devices of a pod's containers: each container with shares has a device and a server of its own.

import { describeError } from '../../base/errors.js';
import type { Steps } from '../../base/steps.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import {
  fillVolumes,
  shareFiles,
  unshareFiles,
  type SharedFile,
} from '../../sandbox/shares/shares.js';
import { filesDevices } from '../../xen/files-device.js';
import type { XenHost } from '../../xen/host.js';
import { PodError } from '../pod/errors.js';

/** The number of devices before a number is used again. */
const DEVICES = 4095;
/** A shim serves half as many. The others are devices that the guest keeps open. */
const DEVICES_AT_ONCE = 256;

export class MemberShares {
  readonly #host: XenHost;
  readonly #sandbox: Pick<Sandbox, 'domid' | 'shim' | 'agent'>;
  readonly #taken = new Set<number>();
  #last = 0;

  constructor(host: XenHost, sandbox: Pick<Sandbox, 'domid' | 'shim' | 'agent'>) {
    this.#host = host;
    this.#sandbox = sandbox;
  }

  /**
   * Reserves the number that has been free for longest: a guest that learns late of a device's end takes the next device of that number for
   * the same one. Needs one give(). Throws ERR_POD_STATE for a guest that keeps too many devices open.
   */
  take(): number {
    if (this.#taken.size >= DEVICES_AT_ONCE)
      throw new PodError(
        'ERR_POD_STATE',
        `Cannot share files with domain ${this.#sandbox.domid}: its guest does not release ${DEVICES_AT_ONCE} 9pfs devices; restart its pod`,
      );
    do this.#last = (this.#last % DEVICES) + 1;
    while (this.#taken.has(this.#last));
    this.#taken.add(this.#last);
    return this.#last;
  }

  /** Takes over a device of an earlier thawd. */
  adopt(device: number): void {
    this.#last = Math.max(this.#last, device);
    this.#taken.add(device);
  }

  /** Resolves when the guest has mounted the shares. Rejects as shareFiles() does. */
  async share(device: number, files: readonly SharedFile[], steps: Steps): Promise<void> {
    const { domid, shim } = this.#sandbox;
    const link = await this.#sandbox.agent();
    await shareFiles(this.#host, { domid, shim, link }, { device, files }, steps);
  }

  /** Copies the root filesystem's files into new volumes. */
  async fill(
    device: number,
    { files, rootfs }: { files: readonly SharedFile[]; rootfs: string },
    steps: Steps,
  ): Promise<void> {
    const link = await this.#sandbox.agent();
    await fillVolumes({ link }, { device, files, rootfs }, steps);
  }

  /** Ends the shares of an ended container. The number stays reserved while the domain runs on and its guest keeps the device open. */
  async give(device: number, isAlive: boolean): Promise<void> {
    if (!isAlive || (await this.#unshare(device))) this.#taken.delete(device);
  }

  /**
   * Removes devices that no record names: the thawd that made them ended first. Resolves once their numbers are reserved, with `done` for the
   * removal, which takes as long as the guest does.
   */
  async sweep(): Promise<{ done: Promise<void> }> {
    const there = await filesDevices(this.#host, this.#sandbox.domid);
    const left = there.filter((device) => !this.#taken.has(device));
    for (const device of left) this.adopt(device);
    return { done: this.#giveEach(left) };
  }

  async #giveEach(devices: readonly number[]): Promise<void> {
    for (const device of devices)
      await this.give(device, true).catch((error: unknown) =>
        this.#host.log.warn(`9pfs device ${device} stays: ${describeError(error)}`),
      );
  }

  async #unshare(device: number): Promise<boolean> {
    const { domid, shim } = this.#sandbox;
    // The server ends, whether or not the guest answers.
    const link = await this.#sandbox.agent().catch(() => undefined);
    return unshareFiles(this.#host, { domid, shim, link }, device);
  }
}
