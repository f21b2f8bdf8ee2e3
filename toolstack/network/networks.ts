// SPDX-License-Identifier: Apache-2.0
// All networks of this host: which there are, who is in them under which address, and what dom0's kernel and the name server know of it.

import { describeError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Attachment } from './attachment.js';
import { Attachments, type AttachRequest } from './attachments.js';
import type { CniPlaces } from './drivers/cni/cni.js';
import type { NameServer } from './dns/dns.js';
import { NetworkError } from './errors.js';
import type { HostNetwork } from './drivers/bridge/host-network.js';
import { planNetwork, type NetworkWish } from './plan.js';
import { plug, plugNew } from './drivers/bridge/plug.js';
import { NetworkStore, type NetworkRecord } from './record.js';
import { renderRules } from './ports/rules.js';
import { zonesOf } from './dns/zones.js';

/** The one that containers are in unless something else is asked for. */
export const DEFAULT_NETWORK = 'thaw';

export interface NetworkServices {
  host: HostNetwork;
  log: Log;
  names: NameServer;
  cni: CniPlaces;
}

export class Networks {
  readonly #store: NetworkStore;
  readonly #host: HostNetwork;
  readonly #log: Log;
  readonly #names: NameServer;
  readonly #cni: CniPlaces;
  readonly #attachments: Attachments;
  readonly #records = new Map<string, NetworkRecord>();
  #loading: Promise<void> = Promise.resolve();
  /** Why this host has no networks. */
  #failure: unknown;

  private constructor(store: NetworkStore, { host, log, names, cni }: NetworkServices) {
    this.#store = store;
    this.#host = host;
    this.#log = log;
    this.#names = names;
    this.#cni = cni;
    this.#attachments = new Attachments(cni);
  }

  /** Makes bridges and rules of all networks there are, and the default one. A host that cannot is logged, and has none. */
  static async open(folder: string, services: NetworkServices): Promise<Networks> {
    const { host, log } = services;
    const networks = new Networks(new NetworkStore(folder), services);
    for (const record of await networks.#store.loadAll(log))
      networks.#records.set(record.name, record);
    try {
      if (!networks.#records.has(DEFAULT_NETWORK)) await networks.#add({ name: DEFAULT_NETWORK });
      for (const record of networks.#records.values())
        if (record.bridge !== '') await host.addBridge(record);
      await networks.#load();
      // Names that a killed thawd left.
      networks.#changeNames();
    } catch (error) {
      networks.#failure = error;
      log.warn(`Containers have no network: ${describeError(error)}`);
    }
    return networks;
  }

  /** The bridge of the default network; '' where the host has no networks. */
  get defaultBridge(): string {
    return this.#failure ? '' : (this.#records.get(DEFAULT_NETWORK)?.bridge ?? '');
  }

  list(): NetworkRecord[] {
    return [...this.#records.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  /** Throws ERR_NETWORK_NOT_FOUND. */
  find(name: string): NetworkRecord {
    const record = this.#records.get(name);
    if (record) return record;
    throw new NetworkError(
      'ERR_NETWORK_NOT_FOUND',
      `No network is called "${name}": see thaw network ls`,
    );
  }

  /** Who is in it. */
  attachments(name: string): Attachment[] {
    return this.#attachments.all.filter(({ network }) => network === name);
  }

  /** Rejects with ERR_NETWORK_NAME, ERR_NETWORK_SUBNET, ERR_NETWORK_TOOL; nothing is left then. */
  async create(wish: NetworkWish): Promise<NetworkRecord> {
    this.#mustWork();
    if (this.#records.has(wish.name))
      throw new NetworkError(
        'ERR_NETWORK_NAME',
        `Cannot use the name "${wish.name}": a network has it; choose another`,
      );
    const record = await this.#add(wish);
    try {
      if (record.bridge !== '') await this.#host.addBridge(record);
      await this.#load();
    } catch (error) {
      await this.#forget(record).catch(() => undefined);
      throw error;
    }
    return record;
  }

  /** Rejects with ERR_NETWORK_NOT_FOUND, and ERR_NETWORK_BUSY while a container is in it, or for the default one. */
  async remove(name: string): Promise<void> {
    const record = this.find(name);
    if (name === DEFAULT_NETWORK)
      throw new NetworkError(
        'ERR_NETWORK_BUSY',
        `Cannot remove network "${name}": it is the default one`,
      );
    const [user] = this.attachments(name);
    if (this.#attachments.isJoined(name))
      throw new NetworkError(
        'ERR_NETWORK_BUSY',
        `Cannot remove network "${name}": a container is just coming into it`,
      );
    if (user)
      throw new NetworkError(
        'ERR_NETWORK_BUSY',
        `Cannot remove network "${name}": container "${user.names[0] ?? user.id}" is in it; end that first`,
      );
    await this.#forget(record);
  }

  /**
   * Addresses and ports for a sandbox that is to come, until release(). Rejects with ERR_NETWORK_NOT_FOUND, ERR_NETWORK_ADDRESS,
   * ERR_NETWORK_FULL or ERR_NETWORK_PORT, and as CniPlaces.add() does; nothing is taken then.
   */
  async attach(request: AttachRequest): Promise<Attachment> {
    this.#mustWork();
    const record = this.find(request.network);
    return this.#attachments.attach(record, request, {
      nameServers: this.#nameServers(record),
      ownAddresses: () => (this.#names.isThere ? this.#ownAddresses() : []),
    });
  }

  /** Lets its ports lead to it, and others find it; to be called when its domain has its addresses. */
  async publish(attachment: Attachment): Promise<void> {
    if (hasOwnRules(attachment)) await this.#load();
    this.#changeNames();
  }

  /** What a sandbox of an earlier thawd has. What cannot be had again, such as a port, is logged. */
  async adopt(attachment: Attachment): Promise<void> {
    try {
      await this.#attachments.adopt(attachment);
      await this.publish(attachment);
    } catch (error) {
      this.#log.warn(`Ports of ${attachment.names[0]}: ${describeError(error)}`);
    }
  }

  /** Begins to take back what a thawd that was killed has left in CNI networks; to be called when all that there is was adopted. Never rejects. */
  sweep(): Promise<void> {
    return this.#cni.sweep(new Set(this.#attachments.all.map(({ id }) => id)));
  }

  /** Idempotent; what fails is logged. */
  release(attachment: Attachment): void {
    if (!this.#attachments.release(attachment)) return;
    if (hasOwnRules(attachment))
      this.#load().catch((error: unknown) =>
        this.#log.error(`Ports of ${attachment.names[0]} stay: ${describeError(error)}`),
      );
    this.#changeNames();
  }

  /** Plugs the sandbox's interface in dom0 into a bridge, or into none for ''. */
  plug(domid: number, bridge: string): Promise<void> {
    return plug(this.#host, domid, bridge);
  }

  /** As plugNew() (plug.ts). */
  plugNew(domid: number, bridge: string, signal: AbortSignal): Promise<void> {
    return plugNew(this.#host, domid, bridge, signal);
  }

  async close(): Promise<void> {
    await this.#names.close();
    await this.#loading;
    await this.#cni.close();
  }

  /** The network's gateways where the name server listens, else those of the host that a guest can reach. */
  #nameServers({ hasDns, subnets, internal }: NetworkRecord): string[] {
    if (hasDns && this.#names.isThere && subnets.length > 0)
      return subnets.map(({ gateway }) => gateway);
    return internal ? [] : this.#host.nameServers();
  }

  #ownAddresses(): string[] {
    return this.#host.ownSubnets().map((subnet) => subnet.replace(/\/.*/, ''));
  }

  async #add(wish: NetworkWish): Promise<NetworkRecord> {
    const record = planNetwork(wish, this.list(), this.#host.ownSubnets());
    this.#records.set(record.name, record);
    try {
      await this.#store.save(record);
    } catch (error) {
      this.#records.delete(record.name);
      throw error;
    }
    return record;
  }

  async #forget(record: NetworkRecord): Promise<void> {
    this.#records.delete(record.name);
    // The file goes last: a bridge that no file is about nobody would ever remove.
    try {
      if (record.bridge !== '') await this.#host.removeBridge(record.bridge);
    } finally {
      await this.#store.remove(record.name);
    }
    await this.#load();
  }

  /** One after the other: each brings the rules to what is true when its turn comes. */
  #load(): Promise<void> {
    const loaded = this.#loading.then(() =>
      this.#host.load(renderRules(this.list(), this.#attachments.all)),
    );
    this.#loading = loaded.catch(() => undefined);
    return loaded;
  }

  #changeNames(): void {
    this.#names.change(() => {
      const named = this.list().filter(({ hasDns }) => hasDns);
      return zonesOf(named, this.#attachments.all);
    });
  }

  #mustWork(): void {
    if (this.#failure)
      throw new NetworkError('ERR_NETWORK_HOST', 'This host has no networks: see thaw doctor', {
        cause: this.#failure,
      });
  }
}

/** Those of CNI networks are their plugins'. */
function hasOwnRules({ ports, place }: Attachment): boolean {
  return ports.length > 0 && !place;
}
