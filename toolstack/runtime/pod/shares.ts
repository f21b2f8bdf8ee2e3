// SPDX-License-Identifier: Apache-2.0
// The 9pfs devices of a pod's domain, which come and go with its containers: each that has files of the host has one, with a server of its own.

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
import { PodError } from './errors.js';

/** Numbers come back late. */
const DEVICES = 4095;
/** A shim serves half as many; the others would be some of which the guest does not let go. */
const DEVICES_AT_ONCE = 256;

export class PodShares {
  readonly #host: XenHost;
  readonly #sandbox: Pick<Sandbox, 'domid' | 'shim' | 'agent'>;
  readonly #taken = new Set<number>();
  #last = 0;

  constructor(host: XenHost, sandbox: Pick<Sandbox, 'domid' | 'shim' | 'agent'>) {
    this.#host = host;
    this.#sandbox = sandbox;
  }

  /**
   * The number of a device that is not there, and was not there for as long as can be: a guest that learns late of the end of one takes the
   * next of that number for the same. Needs one give(). Throws ERR_POD_STATE for a guest that keeps what it should have let go of.
   */
  take(): number {
    if (this.#taken.size >= DEVICES_AT_ONCE)
      throw new PodError(
        'ERR_POD_STATE',
        `Cannot share files with domain ${this.#sandbox.domid}: its guest does not let go of ${DEVICES_AT_ONCE} 9pfs devices; restart its pod`,
      );
    do this.#last = (this.#last % DEVICES) + 1;
    while (this.#taken.has(this.#last));
    this.#taken.add(this.#last);
    return this.#last;
  }

  /** One that a thawd before took. */
  adopt(device: number): void {
    this.#last = Math.max(this.#last, device);
    this.#taken.add(device);
  }

  /** Resolves once the guest has the files. Rejects as shareFiles() does. */
  async share(device: number, files: readonly SharedFile[], steps: Steps): Promise<void> {
    const { domid, shim } = this.#sandbox;
    const link = await this.#sandbox.agent();
    await shareFiles(this.#host, { domid, shim, link }, { device, files }, steps);
  }

  /** New volumes among them get what the root filesystem has in their places. */
  async fill(
    device: number,
    { files, rootfs }: { files: readonly SharedFile[]; rootfs: string },
    steps: Steps,
  ): Promise<void> {
    const link = await this.#sandbox.agent();
    await fillVolumes({ link }, { device, files, rootfs }, steps);
  }

  /** Nobody in the guest has them any more, or is to have. Of a domain that goes on a device of which it does not let go stays taken. */
  async give(device: number, isAlive: boolean): Promise<void> {
    if (!isAlive || (await this.#unshare(device))) this.#taken.delete(device);
  }

  /**
   * Takes devices away that a thawd made which did not come to write down for whom. Resolves with that work under way, which takes as long as
   * the guest does, once nobody else can be given one of them.
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
    // Its server ends, whether or not the guest is there to unmount.
    const link = await this.#sandbox.agent().catch(() => undefined);
    return unshareFiles(this.#host, { domid, shim, link }, device);
  }
}
