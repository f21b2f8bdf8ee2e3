// SPDX-License-Identifier: Apache-2.0
// Manages one pod: several containers that share a micro-domain. The domain runs from the first start on until the pod is stopped.

import type { Log } from '../../base/log.js';
import { sandboxIdOf } from '../../base/ids.js';
import { Undo } from '../../base/undo.js';
import { attachNetwork } from '../../sandbox/devices/network-request.js';
import { createSandbox } from '../../sandbox/create/create.js';
import { checkLimits } from '../../sandbox/size/size.js';
import type { Pool } from '../../sandbox/pool/pool.js';
import { newSandboxRecord, type SandboxRecord } from '../../sandbox/record.js';
import { giveBackAddresses } from '../../sandbox/release.js';
import { describeDeath } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { SharedDomain, routeEvents } from '../shared-domain/domain.js';
import { enterDomain, type Entering } from '../shared-domain/enter.js';
import type { Member } from '../shared-domain/member.js';
import { Slots } from '../shared-domain/slots.js';
import { PodError } from './errors.js';
import type { PodRecord, PodStore } from './record.js';

/** The memory of a pod's domain, if its options name none. */
export const POD_MEMORY_BYTES = 512 * 2 ** 20;

export interface PodServices {
  sandbox: SandboxServices;
  pool: Pool;
  store: PodStore;
  log: Log;
}

export class Pod {
  readonly record: PodRecord;
  readonly services: PodServices;
  #domain: SharedDomain | undefined;
  #starting: Promise<SharedDomain> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #written: Promise<void> = Promise.resolve();
  #watch: { close(): void } | undefined;
  #isGone = false;

  constructor(services: PodServices, record: PodRecord) {
    this.services = services;
    this.record = record;
  }

  /** The pod's domain while it runs. */
  get domain(): SharedDomain | undefined {
    return this.#domain;
  }

  /** Changes the record and writes it, after all earlier changes. */
  update(change: Partial<PodRecord>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.services.store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** Resolves with the pod's domain, and starts it if there is none. An abort ends the wait, not the start. Rejects as createSandbox() does. */
  async up(signal?: AbortSignal): Promise<SharedDomain> {
    await this.#stopping;
    signal?.throwIfAborted();
    if (this.#isGone)
      throw new PodError('ERR_POD_NOT_FOUND', `Pod "${this.record.name}" was removed meanwhile`);
    if (this.#domain) return this.#domain;
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    const domain = await this.#starting;
    signal?.throwIfAborted();
    return domain;
  }

  /** Ends the domain. Containers that are still in it are lost. Resolves when the domain is gone. Never rejects; logs failures. */
  async down(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.#domain) this.#end(this.#domain);
    await this.#stopping;
  }

  /** Ends the domain of a pod that is removed, as down() does. No later start makes a domain. */
  async go(): Promise<void> {
    this.#isGone = true;
    await this.down();
  }

  /** Takes over the domain of an earlier thawd. */
  adopt(domain: SharedDomain): void {
    this.#domain = domain;
    this.#watchOver(domain);
  }

  /** Lets a container enter the domain, and starts the domain if it does not run. Leaves nothing in the domain when it rejects. */
  async enter(entering: Omit<Entering, 'onLeft'>): Promise<Member> {
    const { services, record } = this;
    const domain = await this.up(entering.signal);
    return Undo.guard(services.log, (undo) =>
      enterDomain(services.sandbox, domain, {
        ...entering,
        onLeft: () => this.left(domain),
        onSlot: (member) => {
          undo.push(`container in pod ${record.name}`, () => member.destroy());
          return entering.onSlot(member);
        },
      }),
    );
  }

  /** Called when a container has left the domain. */
  left(domain: SharedDomain): void {
    const isLast = domain.slots.holders.length === 0;
    if (isLast && domain === this.#domain && this.record.options.exitPolicy === 'stop')
      void this.down();
  }

  /** Routes the shim's messages to the containers. `onLost` hears first of the domain's end. */
  route(slots: Slots<ShimEvents>, onLost: (reason: string) => void = () => undefined): ShimEvents {
    return routeEvents(slots, (reason) => {
      onLost(reason);
      if (this.#domain?.slots === slots) this.#end(this.#domain, reason);
    });
  }

  async #start(): Promise<SharedDomain> {
    const { sandbox: services, pool } = this.services;
    const own = await this.#newSandbox();
    const slots = new Slots<ShimEvents>();
    let lost: string | undefined;
    const events = this.route(slots, (reason) => (lost = reason));
    try {
      await this.update({ state: 'starting', sandbox: own });
      const sandbox = await pool.during(() => createSandbox(services, pool, own, { events }));
      const domain = new SharedDomain(services, sandbox, slots);
      try {
        if (own.network) await services.networks.publish(own.network);
        await sandbox.settle();
        await this.update({ state: 'running', started: Date.now(), reason: undefined });
      } catch (error) {
        await domain.end();
        throw error;
      }
      this.#domain = domain;
      this.#watchOver(domain);
      if (lost !== undefined) this.#end(domain, lost);
      this.services.log.info(`Pod ${this.record.name} runs`, { domid: sandbox.domid });
      return domain;
    } catch (error) {
      giveBackAddresses(services, own);
      await this.update({ state: this.record.started === undefined ? 'created' : 'exited' });
      throw error;
    }
  }

  /** Plans the next domain of the pod, with an id, addresses and a size of its own. */
  async #newSandbox(): Promise<SandboxRecord> {
    const { sandbox: services } = this.services;
    const { id, name, hostname, options } = this.record;
    const { memoryBytes = POD_MEMORY_BYTES, macAddress } = options;
    const limits = await checkLimits({ ...options, memoryBytes }, services);
    const own = newSandboxRecord(
      { id: sandboxIdOf(id), name, hostname, layers: [], inMemory: true },
      limits,
      services.macs,
      macAddress,
    );
    try {
      const network = await attachNetwork(services, name, options);
      if (network) own.network = network;
      return own;
    } catch (error) {
      giveBackAddresses(services, own);
      throw error;
    }
  }

  #watchOver(domain: SharedDomain): void {
    this.#watch = domain.sandbox.onDeath((event) => {
      if (event.type !== 'domain_shutdown' || event.shutdownReason === 'suspend') return;
      if (this.#domain === domain) this.#end(domain, `its domain ${describeDeath(event)}`);
    });
  }

  /** Ends the domain. `reason` says why it was lost, and is undefined for a requested end. */
  #end(domain: SharedDomain, reason?: string): void {
    this.#watch?.close();
    this.#domain = undefined;
    const { holders } = domain.slots;
    const { log } = this.services;
    if (reason === undefined) log.info(`Pod ${this.record.name} ends`);
    else log.warn(`Pod ${this.record.name} is lost: ${reason}`);
    const going = domain.end();
    this.services.sandbox.budget.expectBack(going);
    for (const events of holders) events.onLost(reason ?? 'its pod was stopped');
    this.#stopping = going
      .then(() => this.update({ state: 'exited', reason, diskPause: undefined }))
      .catch((error: unknown) => {
        log.error(`Cannot write down the end of pod ${this.record.name}`, { error });
      });
  }
}
