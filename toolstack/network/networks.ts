// SPDX-License-Identifier: Apache-2.0
// All networks of this host: their records, the sandboxes attached to them, and what dom0's kernel and the name server are told of both.

import { describeError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Steps } from '../base/steps.js';
import type { Attachment } from './attachment.js';
import { Attachments } from './attachments.js';
import type { NameServer } from './dns/dns.js';
import { zonesOf } from './dns/zones.js';
import type { CniFolders } from './drivers/cni/attachments.js';
import type { GuestInterface } from './drivers/driver.js';
import { NetworkDrivers } from './drivers/registry.js';
import { NetworkError } from './errors.js';
import type { HostNetwork } from './host-network.js';
import { planNetwork } from './plan.js';
import { renderRules } from './ports/rules.js';
import { NetworkStore, type NetworkRecord } from './record.js';
import type { AttachRequest, NetworkRequest } from './request.js';

/** The network of containers whose user names no other. */
export const DEFAULT_NETWORK = 'thaw';

export interface NetworkServices {
  host: HostNetwork;
  log: Log;
  names: NameServer;
  cni: CniFolders;
}

export class Networks {
  readonly #store: NetworkStore;
  readonly #host: HostNetwork;
  readonly #log: Log;
  readonly #names: NameServer;
  readonly #drivers: NetworkDrivers;
  readonly #attachments = new Attachments();
  readonly #records = new Map<string, NetworkRecord>();
  #loading: Promise<void> = Promise.resolve();
  /** The reason why this host has no networks. */
  #failure: unknown;

  private constructor(store: NetworkStore, services: NetworkServices) {
    this.#store = store;
    this.#host = services.host;
    this.#log = services.log;
    this.#names = services.names;
    this.#drivers = new NetworkDrivers(services);
  }

  /** Makes the default network, and the bridges and rules of all networks. A host that cannot have them is logged, and has no networks. */
  static async open(folder: string, services: NetworkServices): Promise<Networks> {
    const { log } = services;
    const networks = new Networks(new NetworkStore(folder), services);
    for (const record of await networks.#store.loadAll(log))
      if (networks.#drivers.has(record)) networks.#records.set(record.name, record);
      else log.error(`Network ${record.name} has an unknown driver, ${record.driver}`);
    try {
      if (!networks.#records.has(DEFAULT_NETWORK)) await networks.#add({ name: DEFAULT_NETWORK });
      for (const record of networks.#records.values())
        await networks.#drivers.of(record).prepare?.(record);
      await networks.#load();
      // A killed thawd may have left names.
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

  /** The attachments to that network. */
  attachments(name: string): Attachment[] {
    return this.#attachments.all.filter(({ network }) => network === name);
  }

  /** Rejects with ERR_NETWORK_NAME, ERR_NETWORK_SUBNET, ERR_NETWORK_TOOL; nothing is left then. */
  async create(request: NetworkRequest): Promise<NetworkRecord> {
    this.#mustWork();
    if (this.#records.has(request.name))
      throw new NetworkError(
        'ERR_NETWORK_NAME',
        `Cannot use the name "${request.name}": a network has it; choose another`,
      );
    const record = await this.#add(request);
    try {
      await this.#drivers.of(record).prepare?.(record);
      await this.#load();
    } catch (error) {
      await this.#forget(record).catch(() => undefined);
      throw error;
    }
    return record;
  }

  /** Rejects with ERR_NETWORK_NOT_FOUND, and with ERR_NETWORK_BUSY for the default network and while a sandbox is attached. */
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
   * Addresses and ports for a sandbox that is to be made, held until release(). Rejects with ERR_NETWORK_NOT_FOUND, ERR_NETWORK_ADDRESS,
   * ERR_NETWORK_FULL or ERR_NETWORK_PORT, and as CniAttachments.add() does; nothing is held then.
   */
  async attach(request: AttachRequest): Promise<Attachment> {
    this.#mustWork();
    const record = this.find(request.network);
    return this.#attachments.attach(this.#drivers.of(record), record, request, {
      nameServers: this.#nameServers(record),
      ownAddresses: () => (this.#names.isThere ? this.#ownAddresses() : []),
    });
  }

  /** Connects the guest of a new sandbox to its network. */
  connect(guest: GuestInterface, attachment: Attachment, steps: Steps): Promise<void> {
    return this.#drivers.of(attachment).connect(guest, attachment, steps);
  }

  /** Whether a guest may run before its vif is in its network. */
  canDefer(attachment: Attachment): boolean {
    return this.#drivers.of(attachment).deferred !== undefined;
  }

  /** Plugs a vif that the kernel is just making, of a guest that runs already. Rejects as DeferredPlug.plug() does. */
  async plugDeferred(vif: string, attachment: Attachment, signal: AbortSignal): Promise<void> {
    await this.#drivers.of(attachment).deferred?.plug(vif, attachment, signal);
  }

  /** Plugs the first vif of a clone for the pool into the default network. */
  plugDefault(vif: string): Promise<void> {
    return this.#host.join(vif, this.defaultBridge);
  }

  /** Takes the vif of a clone of the pool out of the default network: its sandbox has none. */
  unplug(vif: string): Promise<void> {
    return this.#host.join(vif, '');
  }

  /** Publishes ports and names of an attachment; called when its domain has its addresses. */
  async publish(attachment: Attachment): Promise<void> {
    if (this.#hasRules(attachment)) await this.#load();
    this.#changeNames();
  }

  /** Takes over the attachment of a sandbox that an earlier thawd made. A port that cannot be held again is logged. */
  async adopt(attachment: Attachment): Promise<void> {
    try {
      await this.#attachments.adopt(this.#drivers.of(attachment), attachment);
      await this.publish(attachment);
    } catch (error) {
      this.#log.warn(`Ports of ${attachment.names[0]}: ${describeError(error)}`);
    }
  }

  /** Begins to undo attachments that a killed thawd left, once all others are adopted. Never rejects. */
  async sweep(): Promise<void> {
    const known = new Set(this.#attachments.all.map(({ id }) => id));
    for (const { programs } of this.#drivers.all) await programs?.sweep(known);
  }

  /** Idempotent; failures are logged. */
  release(attachment: Attachment): void {
    if (!this.#drivers.has(attachment)) return;
    if (!this.#attachments.release(this.#drivers.of(attachment), attachment)) return;
    if (this.#hasRules(attachment))
      this.#load().catch((error: unknown) =>
        this.#log.error(`Ports of ${attachment.names[0]} stay: ${describeError(error)}`),
      );
    this.#changeNames();
  }

  async close(): Promise<void> {
    await this.#names.close();
    await this.#loading;
    for (const { programs } of this.#drivers.all) await programs?.close();
  }

  /** The network's gateways where the name server listens there, else the host's name servers that a guest can reach. */
  #nameServers({ hasDns, subnets, internal }: NetworkRecord): string[] {
    if (hasDns && this.#names.isThere && subnets.length > 0)
      return subnets.map(({ gateway }) => gateway);
    return internal ? [] : this.#host.nameServers();
  }

  #ownAddresses(): string[] {
    return this.#host.ownSubnets().map((subnet) => subnet.replace(/\/.*/, ''));
  }

  async #add(request: NetworkRequest): Promise<NetworkRecord> {
    const record = planNetwork(this.#drivers.for(request), request, this.list());
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
    // The file goes last: no later thawd would remove a bridge without a file.
    try {
      await this.#drivers.of(record).remove?.(record);
    } finally {
      await this.#store.remove(record.name);
    }
    await this.#load();
  }

  /** Loads the rules, after any load that is under way: each renders the networks and attachments of its own turn. */
  #load(): Promise<void> {
    const loaded = this.#loading.then(() => {
      const usesRules = (of: { driver: string }): boolean => this.#drivers.of(of).usesRules;
      const networks = this.list().filter(usesRules);
      return this.#host.load(renderRules(networks, this.#attachments.all.filter(usesRules)));
    });
    this.#loading = loaded.catch(() => undefined);
    return loaded;
  }

  #hasRules(attachment: Attachment): boolean {
    return attachment.ports.length > 0 && this.#drivers.of(attachment).usesRules;
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
