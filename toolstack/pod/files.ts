// SPDX-License-Identifier: Apache-2.0
// The 9pfs devices of a pod's domain, which come and go with its containers: each that has files of the host has one, with a server of its own.

import type { Steps } from '../base/steps.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { fillVolumes, shareFiles, unshareFiles, type SharedFile } from '../sandbox/files.js';
import { filesDevices } from '../xen/files-device.js';
import type { XenHost } from '../xen/host.js';

/** No pod has so many at once: its shim serves fewer. */
const DEVICES = 4095;

export class PodFiles {
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
   * next of that number for the same. Needs one give().
   */
  take(): number {
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

  /** Takes devices away that a thawd made which did not come to write down for whom. */
  async sweep(): Promise<void> {
    const { domid } = this.#sandbox;
    for (const device of await filesDevices(this.#host, domid)) {
      if (this.#taken.has(device)) continue;
      this.adopt(device);
      await this.give(device, true);
    }
  }

  async #unshare(device: number): Promise<boolean> {
    const { domid, shim } = this.#sandbox;
    return unshareFiles(this.#host, { domid, shim, link: await this.#sandbox.agent() }, device);
  }
}
