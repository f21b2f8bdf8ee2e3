// SPDX-License-Identifier: Apache-2.0
// Who is in which network: each sandbox's addresses and ports, taken before it is made and held until it is gone.

import { randomBytes } from 'node:crypto';
import { Addresses, takeAddresses } from './addresses/allocate.js';
import type { Attachment, PublishedPort } from './attachment.js';
import type { CniPlaces } from './drivers/cni/cni.js';
import type { CniList } from './drivers/cni/list.js';
import { addressesOf, wishOf } from './drivers/cni/request.js';
import { HeldPorts } from './ports/ports.js';
import type { NetworkRecord } from './record.js';
import { ownGateways } from './dns/zones.js';

export interface AttachRequest {
  network: string;
  /** Under which other containers find it. */
  names: string[];
  ip?: string | undefined;
  ip6?: string | undefined;
  /** Chosen by its user. */
  mac?: string | undefined;
  ports: readonly PublishedPort[];
}

/** Whom a sandbox asks for names. */
export interface Resolvers {
  /** Where nobody names others. */
  nameServers: string[];
  /** The host's own addresses at which thaw's name server may listen, as they are by now; none where it does not. */
  ownAddresses: () => string[];
}

type CniRecord = NetworkRecord & { cni: CniList };

export class Attachments {
  readonly #cni: CniPlaces;
  readonly #attached = new Map<string, Attachment>();
  readonly #addresses = new Addresses();
  readonly #ports = new HeldPorts();
  /** How many are coming into each. */
  readonly #joining = new Map<string, number>();

  constructor(cni: CniPlaces) {
    this.#cni = cni;
  }

  get all(): Attachment[] {
    return [...this.#attached.values()];
  }

  /** Whether somebody is just coming into it. */
  isJoined(network: string): boolean {
    return (this.#joining.get(network) ?? 0) > 0;
  }

  /** As Networks.attach(), in the network of that record. */
  async attach(
    record: NetworkRecord,
    request: AttachRequest,
    resolvers: Resolvers,
  ): Promise<Attachment> {
    const { network } = request;
    const joins = (by: number): void =>
      void this.#joining.set(network, (this.#joining.get(network) ?? 0) + by);
    joins(1);
    try {
      const attachment = await this.#make(record, request, resolvers);
      this.#attached.set(attachment.id, attachment);
      return attachment;
    } finally {
      joins(-1);
    }
  }

  async #make(
    record: NetworkRecord,
    request: AttachRequest,
    resolvers: Resolvers,
  ): Promise<Attachment> {
    const { network, names, ports } = request;
    if (record.cni) await this.#cni.settled(record.cni.name);
    const attachment: Attachment = {
      ...{ id: randomBytes(8).toString('hex'), network, bridge: record.bridge, names },
      ...{ addresses: takeAddresses(this.#addresses, record, request), ports: [] },
      nameServers: resolvers.nameServers,
    };
    try {
      attachment.ports = await this.#ports.hold(attachment.id, ports);
      if (isCni(record)) await this.#makePlace(attachment, record, request, resolvers);
      return attachment;
    } catch (error) {
      this.#ports.release(attachment.id);
      this.#releaseAddresses(attachment);
      throw error;
    }
  }

  async #makePlace(
    attachment: Attachment,
    { cni, hasDns }: CniRecord,
    request: AttachRequest,
    { ownAddresses }: Resolvers,
  ): Promise<void> {
    const { id, ports } = attachment;
    const wish = wishOf({ ...request, ports });
    const { nameServers, ...place } = await this.#cni.add(id, request.network, cni, wish);
    attachment.addresses = addressesOf(place.link);
    const tells = hasDns && nameServers.length === 0;
    const nameGateways = tells ? ownGateways(attachment.addresses, ownAddresses()) : [];
    attachment.place = { ...place, nameGateways };
    const asked = [nameServers, nameGateways].find(({ length }) => length > 0);
    if (asked) attachment.nameServers = asked;
  }

  /** Takes what a sandbox of an earlier thawd has. Rejects with ERR_NETWORK_PORT where its ports cannot be held; all else it has then. */
  async adopt(attachment: Attachment): Promise<void> {
    if (!attachment.place)
      for (const { address } of attachment.addresses) this.#addresses.take(address);
    this.#attached.set(attachment.id, attachment);
    await this.#ports.hold(attachment.id, attachment.ports);
  }

  /** Whether it was there; idempotent. */
  release(attachment: Attachment): boolean {
    const { id, place } = attachment;
    if (!this.#attached.delete(id)) return false;
    this.#releaseAddresses(attachment);
    const free = (): void => this.#ports.release(id);
    // A rule that a plugin has made of its ports goes first.
    if (place) void this.#cni.remove(id).then(free);
    else free();
    return true;
  }

  /** Those that CNI plugins gave out are theirs, and may be somebody's in a network of thaw's. */
  #releaseAddresses({ place, addresses }: Attachment): void {
    if (!place) for (const { address } of addresses) this.#addresses.release(address);
  }
}

function isCni(record: NetworkRecord): record is CniRecord {
  return record.cni !== undefined;
}
