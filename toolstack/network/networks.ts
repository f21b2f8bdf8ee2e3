// SPDX-License-Identifier: Apache-2.0
// Manages all networks of this host: their records and the sandboxes attached to them. Configures dom0's kernel and the name server for both.

import { describeError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Steps } from '../base/steps.js';
import type { Attachment } from './attachment.js';
import { Attachments } from './attachments.js';
import type { NameServer } from './dns/name-server.js';
import { zonesOf } from './dns/zones.js';
import type { GuestInterface, GuestPort } from './drivers/driver.js';
import { NetworkDrivers, type CniFolders } from './drivers/registry.js';
import { NetworkError } from './errors.js';
import type { HostNetwork } from './host-network.js';
import { planNetwork } from './plan.js';
import { renderRules } from './rules/rules.js';
import type { NetworkRecord } from './record.js';
import { NetworkRecords } from './records.js';
import type { AttachRequest, NetworkRequest } from './request.js';
import { Sources } from './sources/sources.js';
import { Vifs } from './sources/vifs.js';

/** The network of a container whose user names no network. */
export const DEFAULT_NETWORK = 'thaw';

export interface NetworkServices {
  host: HostNetwork;
  log: Log;
  names: NameServer;
  cni: CniFolders;
}

export class Networks {
  readonly #records: NetworkRecords;
  readonly #host: HostNetwork;
  readonly #log: Log;
  readonly #names: NameServer;
  readonly #drivers: NetworkDrivers;
  readonly #attachments = new Attachments();
  readonly #sources: Sources;
  readonly #vifs: Vifs;
  #loading: Promise<void> = Promise.resolve();
  /** The reason why this host has no networks. */
  #failure: unknown;

  private constructor(folder: string, services: NetworkServices) {
    this.#records = new NetworkRecords(folder);
    this.#host = services.host;
    this.#log = services.log;
    this.#names = services.names;
    const networks = (): NetworkRecord[] => this.#filtered();
    const reload = (): Promise<void> => this.#load();
    this.#sources = new Sources({ host: this.#host, log: this.#log, networks, reload });
    this.#vifs = new Vifs(this.#host, this.#sources);
    this.#drivers = new NetworkDrivers({ ...services, sources: this.#sources });
  }

  /** Makes the default network, and the bridges and rules of all networks. A failure is logged, and this host then has no networks. */
  static async open(folder: string, services: NetworkServices): Promise<Networks> {
    const { log } = services;
    const networks = new Networks(folder, services);
    await networks.#records.load((record) => networks.#drivers.has(record), log);
    try {
      if (!networks.#records.get(DEFAULT_NETWORK)) await networks.#add({ name: DEFAULT_NETWORK });
      for (const record of networks.list()) await networks.#drivers.of(record).prepare?.(record);
      await networks.#load();
      // Removes the names of a killed thawd.
      networks.#changeNames();
    } catch (error) {
      networks.#failure = error;
      log.warn(`Containers have no network: ${describeError(error)}`);
    }
    return networks;
  }

  /** Name of the default network's bridge; '' on a host without networks. */
  get defaultBridge(): string {
    return this.#failure ? '' : (this.#records.get(DEFAULT_NETWORK)?.bridge ?? '');
  }

  list(): NetworkRecord[] {
    return this.#records.list();
  }

  /** Throws ERR_NETWORK_NOT_FOUND. */
  find(name: string): NetworkRecord {
    return this.#records.find(name);
  }

  /** Returns the attachments to that network. */
  attachments(name: string): Attachment[] {
    return this.#attachments.all.filter(({ network }) => network === name);
  }

  /** Rejects with ERR_NETWORK_NAME, ERR_NETWORK_SUBNET, ERR_NETWORK_TOOL, and undoes its changes then. */
  async create(request: NetworkRequest): Promise<NetworkRecord> {
    this.#mustWork();
    if (this.#records.get(request.name))
      throw new NetworkError(
        'ERR_NETWORK_NAME',
        `Cannot use the name "${request.name}": a network has it; choose another`,
      );
    const record = await this.#add(request);
    try {
      await this.#drivers.of(record).prepare?.(record);
      await this.#load();
      await this.#sources.load();
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
        `Cannot remove network "${name}": it is the default network`,
      );
    const [user] = this.attachments(name);
    if (this.#attachments.isJoined(name))
      throw new NetworkError(
        'ERR_NETWORK_BUSY',
        `Cannot remove network "${name}": a container is entering it`,
      );
    if (user)
      throw new NetworkError(
        'ERR_NETWORK_BUSY',
        `Cannot remove network "${name}": container "${user.names[0] ?? user.id}" is in it; end that first`,
      );
    await this.#forget(record);
  }

  /**
   * Attaches a sandbox before it exists: holds its addresses and ports until release(). Rejects with ERR_NETWORK_NOT_FOUND, ERR_NETWORK_ADDRESS,
   * ERR_NETWORK_FULL or ERR_NETWORK_PORT, and as CniAttachments.add() does; then it holds nothing.
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
  async connect(guest: GuestInterface, attachment: Attachment, steps: Steps): Promise<void> {
    const driver = this.#drivers.of(attachment);
    this.#vifs.note(attachment, guest.vif);
    await driver.connect(guest, attachment, steps);
    if (!driver.usesRules) this.#vifs.leaveRules(guest.vif);
  }

  /** True when a guest may run before its vif is in its network. */
  canDefer(attachment: Attachment): boolean {
    return this.#drivers.of(attachment).deferred !== undefined;
  }

  /** Plugs the vif of a running guest while the kernel is still making the vif. Rejects as DeferredPlug.plug() does. */
  async plugDeferred(port: GuestPort, attachment: Attachment, signal: AbortSignal): Promise<void> {
    this.#vifs.note(attachment, port.vif);
    await this.#drivers.of(attachment).deferred?.plug(port, attachment, signal);
  }

  /** Plugs the first vif of a clone for the pool into the default network. Nothing that the clone sends passes until connect(). */
  async plugDefault(port: GuestPort): Promise<void> {
    await this.#vifs.plugSilent(port, this.defaultBridge);
  }

  /** Removes the vif of a clone of the pool from the default network, for a sandbox without a network. */
  async unplug(vif: string): Promise<void> {
    await this.#vifs.unplug(vif);
  }

  /** Forgets the vif of a clone of the pool whose domain has ended. Idempotent. */
  forget(vif: string): void {
    this.#vifs.forget(vif);
  }

  /** Publishes an attachment's ports and names. The caller has given the domain its addresses before. */
  async publish(attachment: Attachment): Promise<void> {
    if (this.#hasRules(attachment)) await this.#load();
    this.#changeNames();
  }

  /** Takes over the attachment of a sandbox that an earlier thawd made. A port that cannot be held again is logged. `port` is undefined for a sandbox without a domain. */
  async adopt(attachment: Attachment, port?: GuestPort): Promise<void> {
    try {
      if (port && this.#drivers.of(attachment).usesRules)
        await this.#vifs.adopt(port, attachment).catch((error: unknown) => {
          this.#log.warn(`${port.vif} of ${attachment.names[0]}: ${describeError(error)}`);
        });
      await this.#attachments.adopt(this.#drivers.of(attachment), attachment);
      await this.publish(attachment);
    } catch (error) {
      this.#log.warn(`Ports of ${attachment.names[0]}: ${describeError(error)}`);
    }
  }

  /** Loads the rules for the frames of all guests, and begins to undo the attachments of a killed thawd. The caller has adopted all attachments in use before. Never rejects. */
  async sweep(): Promise<void> {
    if (this.#failure === undefined) await this.#sources.load();
    const known = new Set(this.#attachments.all.map(({ id }) => id));
    for (const { programs } of this.#drivers.all) await programs?.sweep(known);
  }

  /** Idempotent; failures are logged. */
  release(attachment: Attachment): void {
    if (!this.#drivers.has(attachment)) return;
    if (!this.#attachments.release(this.#drivers.of(attachment), attachment)) return;
    this.#vifs.release(attachment);
    if (this.#hasRules(attachment))
      this.#load().catch((error: unknown) =>
        this.#log.error(`Ports of ${attachment.names[0]} stay: ${describeError(error)}`),
      );
    this.#changeNames();
  }

  async close(): Promise<void> {
    await this.#sources.close();
    await this.#names.close();
    await this.#loading;
    for (const { programs } of this.#drivers.all) await programs?.close();
  }

  /** Returns the network's gateways where the name server listens there, else the host's name servers that a guest can reach. */
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
    await this.#records.add(record);
    return record;
  }

  async #forget(record: NetworkRecord): Promise<void> {
    await this.#records.remove(record, async () => this.#drivers.of(record).remove?.(record));
    await this.#load();
    await this.#sources.load();
  }

  /** Loads the rules after all earlier loads. Each load renders the networks and attachments that exist when it begins. */
  #load(): Promise<void> {
    const loaded = this.#loading.then(() => {
      const usesRules = (of: { driver: string }): boolean => this.#drivers.of(of).usesRules;
      const networks = this.#filtered();
      const attachments = this.#attachments.all.filter(usesRules);
      return this.#host.load(renderRules(networks, attachments, this.#host.nameServers()));
    });
    this.#loading = loaded.catch(() => undefined);
    return loaded;
  }

  /** Returns the networks to which thaw's packet rules apply. */
  #filtered(): NetworkRecord[] {
    return this.list().filter((record) => this.#drivers.of(record).usesRules);
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
