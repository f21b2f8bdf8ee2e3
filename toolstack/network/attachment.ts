// SPDX-License-Identifier: Apache-2.0
// Defines a sandbox's attachment to a network, which is part of the sandbox's record.

import type { Family } from './addresses/ip-address.js';
import type { NamespaceLink } from './interface.js';

export interface Attachment {
  /** The attachment's own id: a sandbox's id changes when a clone of the pool becomes the sandbox. */
  id: string;
  /** The name of the driver that made the attachment. */
  driver: string;
  network: string;
  /** The bridge of the vif; '' for none. */
  bridge: string;
  /** At most one address of each family. */
  addresses: AttachedAddress[];
  ports: PublishedPort[];
  /** The guest may send from MACs and addresses that thaw did not give it. */
  maySpoof?: boolean;
  /** The name servers in the guest's resolv.conf. */
  nameServers: string[];
  /** Other containers find the sandbox under these names. */
  names: string[];
  /** The namespace whose interface the guest has; only from a driver that makes namespaces. */
  namespace?: AttachedNamespace;
  /** The gateways at which thaw's name server answers the guest, where they differ from those of the network's record. */
  nameGateways?: string[];
}

export interface AttachedNamespace {
  path: string;
  /** The interface there whose traffic the guest gets. */
  link: NamespaceLink;
  /** A DHCP daemon goes on renewing the address inside the namespace. */
  isLeased: boolean;
}

export interface AttachedAddress {
  family: Family;
  address: string;
  prefix: number;
  /** '' for a network without access to the outside. */
  gateway: string;
}

/** A port of the host that leads to the sandbox. */
export interface PublishedPort {
  /** '' for all addresses of the host. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

/** An attachment of any version of thaw: earlier versions named no driver, and wrote `place` instead of `namespace`. */
export interface StoredAttachment extends Omit<Attachment, 'driver'> {
  driver?: string;
  place?: {
    namespace: string;
    link: NamespaceLink;
    isLeased: boolean;
    nameGateways: string[];
  };
}

/** Reads an attachment of any version of thaw. Pure. */
export function readAttachment({ place, ...stored }: StoredAttachment): Attachment {
  if (!place) return { driver: 'bridge', ...stored };
  const { namespace: path, link, isLeased, nameGateways } = place;
  return { driver: 'cni', ...stored, namespace: { path, link, isLeased }, nameGateways };
}
