// SPDX-License-Identifier: Apache-2.0
// The driver of CNI plugins' networks: each sandbox has a network namespace, whose eth0 becomes the guest's interface.

import type { Steps } from '../../../base/steps.js';
import type { AttachedNamespace, Attachment } from '../../attachment.js';
import { ownGateways } from '../../dns/zones.js';
import type { HostNetwork } from '../../host-network.js';
import type { NetworkRecord } from '../../record.js';
import type { AttachRequest, NetworkRequest, Resolvers } from '../../request.js';
import type { AttachmentPrograms, GuestInterface, ManagedDriver } from '../driver.js';
import { linkMessages } from '../namespace/interface-state.js';
import { keepDhcp, redirectLink } from '../namespace/namespace.js';
import type { CniAttachments } from './attachments.js';
import { parseCniList, type CniList } from './list.js';
import { addressesOf, cniRequest } from './request.js';

/** A network file with the list of plugins beside the common fields. */
export interface CniNetworkRecord extends NetworkRecord {
  cni: CniList;
}

export class CniDriver implements ManagedDriver {
  readonly name = 'cni';
  readonly usesRules = false;
  readonly programs: AttachmentPrograms;
  readonly #host: HostNetwork;
  readonly #attachments: CniAttachments;

  constructor(host: HostNetwork, attachments: CniAttachments) {
    this.#host = host;
    this.#attachments = attachments;
    this.programs = {
      released: (record) => attachments.released(listOf(record).name),
      attach: (...of) => this.#attach(...of),
      release: ({ id }) => attachments.remove(id),
      sweep: (known) => attachments.sweep(known),
      close: () => attachments.close(),
    };
  }

  accepts({ cni }: NetworkRequest): boolean {
    return cni !== undefined;
  }

  plan({
    cni: { from, text } = { from: '--cni', text: '' },
  }: NetworkRequest): Pick<CniNetworkRecord, 'bridge' | 'subnets' | 'internal' | 'cni'> {
    return { bridge: '', subnets: [], internal: false, cni: parseCniList(from, text) };
  }

  async connect(
    guest: GuestInterface,
    { namespace, maySpoof = false }: Attachment,
    steps: Steps,
  ): Promise<void> {
    // A clone of the pool is in the default network's bridge.
    if (guest.bridge !== undefined && guest.bridge !== '')
      await steps.time('bridge', this.#host.join(guest.vif, ''));
    await steps.time('network', guest.configure());
    if (namespace) await steps.time('namespace', carry(guest, namespace, maySpoof));
  }

  async #attach(
    attachment: Attachment,
    record: NetworkRecord,
    request: AttachRequest,
    { ownAddresses }: Resolvers,
  ): Promise<void> {
    const { id, ports } = attachment;
    const wanted = cniRequest({ ...request, ports });
    const made = await this.#attachments.add(id, request.network, listOf(record), wanted);
    const { nameServers, ...namespace } = made;
    attachment.addresses = addressesOf(namespace.link);
    const usesOwnNames = record.hasDns && nameServers.length === 0;
    const nameGateways = usesOwnNames ? ownGateways(attachment.addresses, ownAddresses()) : [];
    Object.assign(attachment, { namespace, nameGateways });
    const servers = [nameServers, nameGateways].find(({ length }) => length > 0);
    if (servers) attachment.nameServers = servers;
  }
}

function listOf(record: NetworkRecord): CniList {
  return (record as CniNetworkRecord).cni;
}

/** Gives the guest the namespace's interface, with all addresses and routes. */
async function carry(
  guest: GuestInterface,
  { path, link, isLeased }: AttachedNamespace,
  maySpoof: boolean,
): Promise<void> {
  await redirectLink(path, link, { vif: guest.vif, isThere: false, maySpoof });
  if (isLeased) await keepDhcp(path, link);
  await guest.netlink((index) => linkMessages(index, undefined, link));
}
