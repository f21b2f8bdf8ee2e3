// SPDX-License-Identifier: Apache-2.0
// The driver of thaw's own networks. Each has a bridge in dom0; thaw itself gives out addresses, publishes ports and resolves names.

import type { Steps } from '../../../base/steps.js';
import { Addresses, takeAddresses } from '../../addresses/allocate.js';
import type { Attachment } from '../../attachment.js';
import type { HostNetwork } from '../../host-network.js';
import type { NetworkRecord } from '../../record.js';
import type { NetworkRequest } from '../../request.js';
import type { AddressSource, DeferredPlug, GuestInterface, ManagedDriver } from '../driver.js';
import { planBridge, type BridgePlan } from './plan.js';
import { plugNew } from './plug.js';

export class BridgeDriver implements ManagedDriver {
  readonly name = 'bridge';
  readonly usesRules = true;
  readonly addresses: AddressSource;
  readonly deferred: DeferredPlug;
  readonly #host: HostNetwork;

  constructor(host: HostNetwork) {
    this.#host = host;
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
    this.deferred = { plug: (vif, { bridge }, signal) => plugNew(host, vif, bridge, signal) };
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

  async connect(
    guest: GuestInterface,
    { bridge, addresses }: Attachment,
    steps: Steps,
  ): Promise<void> {
    if (guest.bridge !== undefined && guest.bridge !== bridge)
      await steps.time('bridge', this.#host.join(guest.vif, bridge));
    await steps.time('network', guest.configure(addresses));
  }
}
