// SPDX-License-Identifier: Apache-2.0
// Requests for a new network, and for a sandbox's attachment to a network.

import type { PublishedPort } from './attachment.js';
import type { HostPort } from './record.js';

/** The user's options for a new network; the driver chooses missing values. */
export interface NetworkRequest {
  name: string;
  /** At most one IPv4 subnet and one IPv6 subnet. */
  subnets?: string[];
  /** At most one gateway for each subnet, in any order. */
  gateways?: string[];
  /** Adds an IPv6 subnet where `subnets` has none. */
  ipv6?: boolean;
  internal?: boolean;
  disableDns?: boolean;
  /** Ports of dom0 that the containers may reach. */
  hostPorts?: HostPort[];
  labels?: Record<string, string>;
  /** A CNI network configuration list, which defines all but name, labels and DNS. Errors call it `from`. */
  cni?: { from: string; text: string } | undefined;
}

export interface AttachRequest {
  network: string;
  /** Other containers find the sandbox under these names. */
  names: string[];
  ip?: string | undefined;
  ip6?: string | undefined;
  /** The user's MAC; undefined where the user chose none. */
  mac?: string | undefined;
  ports: readonly PublishedPort[];
  /** The guest may send from any MAC and address. */
  maySpoof?: boolean;
}

/** The name servers for a sandbox's resolv.conf. */
export interface Resolvers {
  /** Used unless the driver has its own. */
  nameServers: string[];
  /** The host's addresses at which thaw's name server may listen, read when called; none without a name server. */
  ownAddresses: () => string[];
}
