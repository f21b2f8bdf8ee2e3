// SPDX-License-Identifier: Apache-2.0
// The attachments of all sandboxes: made before the sandbox, with addresses and host ports that are held until the sandbox is gone.

import { randomBytes } from 'node:crypto';
import type { Attachment } from './attachment.js';
import type { ManagedDriver } from './drivers/driver.js';
import { HeldPorts } from './ports/ports.js';
import type { NetworkRecord } from './record.js';
import type { AttachRequest, Resolvers } from './request.js';

export class Attachments {
  readonly #attached = new Map<string, Attachment>();
  readonly #ports = new HeldPorts();
  /** By network, how many attachments are being made. */
  readonly #joining = new Map<string, number>();

  get all(): Attachment[] {
    return [...this.#attached.values()];
  }

  /** Whether an attachment to that network is being made. */
  isJoined(network: string): boolean {
    return (this.#joining.get(network) ?? 0) > 0;
  }

  /** As Networks.attach(), to the network of that record. */
  async attach(
    driver: ManagedDriver,
    record: NetworkRecord,
    request: AttachRequest,
    resolvers: Resolvers,
  ): Promise<Attachment> {
    const { network } = request;
    const joins = (by: number): void =>
      void this.#joining.set(network, (this.#joining.get(network) ?? 0) + by);
    joins(1);
    try {
      const attachment = await this.#make(driver, record, request, resolvers);
      this.#attached.set(attachment.id, attachment);
      return attachment;
    } finally {
      joins(-1);
    }
  }

  async #make(
    driver: ManagedDriver,
    record: NetworkRecord,
    request: AttachRequest,
    resolvers: Resolvers,
  ): Promise<Attachment> {
    const { network, names, ports } = request;
    if (driver.programs) await driver.programs.released(record);
    const attachment: Attachment = {
      ...{ id: randomBytes(8).toString('hex'), driver: driver.name, network },
      ...{ bridge: record.bridge, names, ports: [] },
      addresses: driver.addresses?.reserve(record, request) ?? [],
      nameServers: resolvers.nameServers,
    };
    try {
      attachment.ports = await this.#ports.hold(attachment.id, ports);
      if (driver.programs) await driver.programs.attach(attachment, record, request, resolvers);
      return attachment;
    } catch (error) {
      this.#ports.release(attachment.id);
      driver.addresses?.release(attachment);
      throw error;
    }
  }

  /** Takes over an attachment of an earlier thawd. Rejects with ERR_NETWORK_PORT where a port cannot be held; the rest is taken over then. */
  async adopt(driver: ManagedDriver, attachment: Attachment): Promise<void> {
    driver.addresses?.adopt(attachment);
    this.#attached.set(attachment.id, attachment);
    await this.#ports.hold(attachment.id, attachment.ports);
  }

  /** Whether the attachment was still there. Idempotent. */
  release(driver: ManagedDriver, attachment: Attachment): boolean {
    const { id } = attachment;
    if (!this.#attached.delete(id)) return false;
    driver.addresses?.release(attachment);
    const free = (): void => this.#ports.release(id);
    // The driver's programs may have rules that lead the port elsewhere: those go first.
    if (driver.programs) void driver.programs.release(attachment).then(free);
    else free();
    return true;
  }
}
