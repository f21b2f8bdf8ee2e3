// SPDX-License-Identifier: Apache-2.0
// Requests about networks, and the answers to them.

export interface HostPort {
  port: number;
  protocol: 'tcp' | 'udp';
}

export interface NetworkCreateOptions {
  name: string;
  subnets: string[];
  gateways: string[];
  ipv6: boolean;
  internal: boolean;
  disableDns: boolean;
  /** Ports of dom0 that the network's containers may reach. */
  hostPorts?: HostPort[];
  labels: Record<string, string>;
  /** A CNI network configuration list, which says all else; errors call it `from`. */
  cni?: { from: string; text: string };
}

export interface NetworkSummary {
  name: string;
  /** Containers whose user names no other network are in it. */
  isDefault: boolean;
  /** The network driver's name: bridge, cni. */
  driver: string;
  /** The bridge's name in dom0; '' for a driver without bridges of thaw's. */
  bridge: string;
  subnets: { subnet: string; gateway: string }[];
  internal: boolean;
  hasDns: boolean;
  hostPorts?: HostPort[];
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** The plugins of the cni driver; `name` is the network's name for them. */
  cni?: { cniVersion: string; name: string; plugins: { type: string }[] };
  /** The containers that are attached to it. */
  containers: { name: string; addresses: string[] }[];
}
