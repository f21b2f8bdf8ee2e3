// SPDX-License-Identifier: Apache-2.0
// Makes and releases the attachments of all sandboxes. An attachment is made before its sandbox, and holds addresses and host ports until the
// sandbox is destroyed.

import { randomBytes } from 'node:crypto';
import type { Attachment } from './attachment.js';
import type { ManagedDriver } from './drivers/driver.js';
import { HeldPorts } from './ports/ports.js';
import type { NetworkRecord } from './record.js';
import type { AttachRequest, Resolvers } from './request.js';

export class Attachments {
  readonly #attached = new Map<string, Attachment>();
  readonly #ports = new HeldPorts();
  /** By network, the number of attachments under construction. */
  readonly #joining = new Map<string, number>();

  get all(): Attachment[] {
    return [...this.#attached.values()];
  }

  /** True when an attachment to that network is being made. */
  isJoined(network: string): boolean {
    return (this.#joining.get(network) ?? 0) > 0;
  }

  /** Attaches to the network of `record`. Rejects as Networks.attach() does. */
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
    const { network, names, ports, maySpoof = false } = request;
    if (driver.programs) await driver.programs.released(record);
    const attachment: Attachment = {
      id: randomBytes(8).toString('hex'),
      driver: driver.name,
      network,
      bridge: record.bridge,
      names,
      ports: [],
      ...(maySpoof ? { maySpoof } : {}),
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

  /** Takes over an attachment of an earlier thawd. Rejects with ERR_NETWORK_PORT for a port that cannot be held; all else is taken over. */
  async adopt(driver: ManagedDriver, attachment: Attachment): Promise<void> {
    driver.addresses?.adopt(attachment);
    this.#attached.set(attachment.id, attachment);
    await this.#ports.hold(attachment.id, attachment.ports);
  }

  /** Releases the attachment. Returns false for one that was released before. */
  release(driver: ManagedDriver, attachment: Attachment): boolean {
    const { id } = attachment;
    if (!this.#attached.delete(id)) return false;
    driver.addresses?.release(attachment);
    const free = (): void => this.#ports.release(id);
    // The driver's programs may have rules for the port: remove these before the port becomes free.
    if (driver.programs) void driver.programs.release(attachment).then(free);
    else free();
    return true;
  }
}
