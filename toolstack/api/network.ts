// SPDX-License-Identifier: Apache-2.0
// What can be asked of networks, and what is told of them.

export interface NetworkCreateOptions {
  name: string;
  subnets: string[];
  gateways: string[];
  ipv6: boolean;
  internal: boolean;
  disableDns: boolean;
  labels: Record<string, string>;
  /** A CNI network configuration list, which says all else, and what its user calls it. */
  cni?: { from: string; text: string };
}

export interface NetworkSummary {
  name: string;
  /** Containers are in it unless something else is asked for. */
  isDefault: boolean;
  /** The bridge's name in dom0; '' where CNI plugins make all that there is. */
  bridge: string;
  subnets: { subnet: string; gateway: string }[];
  internal: boolean;
  hasDns: boolean;
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** What its places are made by in place of thaw; `name` is what its plugins call it. */
  cni?: { cniVersion: string; name: string; plugins: { type: string }[] };
  /** Who runs in it. */
  containers: { name: string; addresses: string[] }[];
}
