// SPDX-License-Identifier: Apache-2.0
// The driver of thaw's own networks. Each has a bridge in dom0; thaw itself gives out addresses, publishes ports and resolves names.

import { allDone } from '../../../base/all-done.js';
import type { Steps } from '../../../base/steps.js';
import { Addresses, takeAddresses } from '../../addresses/allocate.js';
import type { Attachment } from '../../attachment.js';
import type { HostNetwork } from '../../host-network.js';
import type { NetworkRecord } from '../../record.js';
import type { NetworkRequest } from '../../request.js';
import type {
  AddressSource,
  DeferredPlug,
  GuestInterface,
  GuestPort,
  ManagedDriver,
} from '../driver.js';
import { sourceOf } from '../../sources/source.js';
import type { Sources } from '../../sources/sources.js';
import { planBridge, type BridgePlan } from './plan.js';
import { plugNew } from './plug.js';

export class BridgeDriver implements ManagedDriver {
  readonly name = 'bridge';
  readonly usesRules = true;
  readonly addresses: AddressSource;
  readonly deferred: DeferredPlug;
  readonly #host: HostNetwork;
  readonly #sources: Sources;

  constructor(host: HostNetwork, sources: Sources) {
    this.#host = host;
    this.#sources = sources;
    const pool = new Addresses();
    this.addresses = {
      reserve: (record, request) => takeAddresses(pool, record, request),
      adopt: ({ addresses }) => {
        for (const { address } of addresses) pool.take(address);
      },
      release: ({ addresses }) => {
        for (const { address } of addresses) pool.release(address);
      },
    };
    this.deferred = {
      plug: async (port, attachment, signal) => {
        await this.#sources.admit(sourceOf(port, attachment));
        await plugNew(host, port.vif, attachment.bridge, signal);
        await host.setPort(port.vif, port.mac, attachment.maySpoof === true);
      },
    };
  }

  accepts(): boolean {
    return true;
  }

  plan(request: NetworkRequest, others: readonly NetworkRecord[]): BridgePlan {
    return planBridge(request, others, this.#host.ownSubnets());
  }

  prepare(record: NetworkRecord): Promise<void> {
    return this.#host.addBridge(record);
  }

  remove({ bridge }: NetworkRecord): Promise<void> {
    return this.#host.removeBridge(bridge);
  }

  async connect(guest: GuestInterface, attachment: Attachment, steps: Steps): Promise<void> {
    const { bridge, addresses } = attachment;
    const plug = (present: string): Promise<void> =>
      steps.time('bridge', this.#plug(guest, present, attachment));
    const configure = (): Promise<void> => steps.time('network', guest.configure(addresses));
    // Nothing passes a bridge's port before both are done.
    if (guest.bridge === bridge) return allDone([plug(bridge), configure()]);
    if (guest.bridge !== undefined) await plug(guest.bridge);
    await configure();
  }

  /** `present` is the bridge of the guest's vif. */
  async #plug(port: GuestPort, present: string, attachment: Attachment): Promise<void> {
    const { bridge, maySpoof = false } = attachment;
    await this.#sources.admit(sourceOf(port, attachment));
    const isThere = present === bridge;
    if (!isThere) await this.#host.join(port.vif, bridge);
    if (!isThere || maySpoof) await this.#host.setPort(port.vif, port.mac, maySpoof);
  }
}
