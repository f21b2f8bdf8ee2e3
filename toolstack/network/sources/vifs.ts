// SPDX-License-Identifier: Apache-2.0
// Knows the vif of each attachment, and admits or withdraws what its guest may send.

import type { Attachment } from '../attachment.js';
import type { GuestPort } from '../drivers/driver.js';
import type { HostNetwork } from '../host-network.js';
import { sourceOf } from './source.js';
import type { Sources } from './sources.js';

export class Vifs {
  readonly #host: HostNetwork;
  readonly #sources: Sources;
  /** By the id of an attachment. */
  readonly #names = new Map<string, string>();

  constructor(host: HostNetwork, sources: Sources) {
    this.#host = host;
    this.#sources = sources;
  }

  /** Notes the vif of an attachment, whose driver admits it. */
  note(attachment: Attachment, vif: string): void {
    this.#names.set(attachment.id, vif);
  }

  /** Withdraws a vif that is in no bridge any more. */
  leaveRules(vif: string): void {
    this.#sources.withdraw(vif, true);
  }

  /** Plugs the first vif of a clone for the pool into a bridge. Nothing that the clone sends passes until its driver connects it. */
  async plugSilent({ vif, mac }: GuestPort, bridge: string): Promise<void> {
    await this.#sources.admit({ vif, addresses: [], isFree: false });
    await this.#host.join(vif, bridge);
    await this.#host.setPort(vif, mac, false);
  }

  /** Removes a vif from its bridge. */
  async unplug(vif: string): Promise<void> {
    await this.#host.join(vif, '');
    this.leaveRules(vif);
  }

  /** Forgets the vif of a domain that has ended before it had an attachment. Idempotent. */
  forget(vif: string): void {
    this.#sources.withdraw(vif);
  }

  /** Takes over the vif of a guest that an earlier thawd connected. */
  async adopt(port: GuestPort, attachment: Attachment): Promise<void> {
    this.note(attachment, port.vif);
    this.#sources.adopt(sourceOf(port, attachment));
    // An earlier version of thaw let the bridge learn from the port.
    if (this.#host.isPort(port.vif))
      await this.#host.setPort(port.vif, port.mac, attachment.maySpoof === true);
  }

  /** Forgets the vif of an attachment that ends. Idempotent. */
  release(attachment: Attachment): void {
    this.forget(this.#names.get(attachment.id) ?? '');
    this.#names.delete(attachment.id);
  }
}
