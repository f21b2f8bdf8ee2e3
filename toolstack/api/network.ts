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
}

export interface NetworkSummary {
  name: string;
  /** Containers are in it unless something else is asked for. */
  isDefault: boolean;
  /** The bridge's name in dom0. */
  bridge: string;
  subnets: { subnet: string; gateway: string }[];
  internal: boolean;
  hasDns: boolean;
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** Who runs in it. */
  containers: { name: string; addresses: string[] }[];
}
