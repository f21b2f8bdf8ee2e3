// SPDX-License-Identifier: Apache-2.0
// What one sandbox has of a network. Kept inside the sandbox's record.

import type { Family } from './addresses/address.js';
import type { NamespaceLink } from './drivers/namespace/namespace.js';

export interface Attachment {
  /** Nobody else's: a sandbox may get another id when a clone that waited becomes it. */
  id: string;
  network: string;
  /** '' for none. */
  bridge: string;
  /** One of each family at most. */
  addresses: AttachedAddress[];
  ports: PublishedPort[];
  /** Whom it asks for names. */
  nameServers: string[];
  /** Under which other containers find it. */
  names: string[];
  /** Where CNI plugins made all that it has. */
  place?: AttachedPlace;
}

export interface AttachedPlace {
  /** The path of a network namespace. */
  namespace: string;
  /** The interface there that is its guest's. */
  link: NamespaceLink;
  /** Its address is leased: a plugin's daemon goes on asking for it there. */
  isLeased: boolean;
  /** Gateways at which thaw's own name server listens for it. */
  nameGateways: string[];
}

export interface AttachedAddress {
  family: Family;
  address: string;
  prefix: number;
  /** '' where nothing outside is to be reached. */
  gateway: string;
}

/** A port of the host that is the sandbox's. */
export interface PublishedPort {
  /** '' for all addresses of the host. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp';
}
