// SPDX-License-Identifier: Apache-2.0
// An interface of a network namespace with its addresses and routes, as its guest has them too.

import type { Family } from './addresses/ip-address.js';

export interface NamespaceLink {
  /** The kernel's number of the interface: a later interface of the same name has another. */
  index: number;
  name: string;
  mac: string;
  mtu: number;
  addresses: LinkAddress[];
  /** Routes that come with an address are left out. */
  routes: LinkRoute[];
}

export interface LinkAddress {
  family: Family;
  address: string;
  prefix: number;
  scope: 'global' | 'link';
  broadcast?: string;
  /** The address of the other end of a point-to-point link. */
  peer?: string;
  /** The address brings no route to its subnet. */
  isRouteless?: true;
}

export interface LinkRoute {
  family: Family;
  /** A prefix of 0 is the default route. */
  to: { address: string; prefix: number };
  gateway?: string;
  /** The source address of packets on this route. */
  source?: string;
  metric: number;
  /** The gateway is reached directly, though no route says so. */
  isOnlink: boolean;
}
