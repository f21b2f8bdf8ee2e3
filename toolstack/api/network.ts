// SPDX-License-Identifier: Apache-2.0
// Requests about networks, and the answers to them.

export interface NetworkCreateOptions {
  name: string;
  subnets: string[];
  gateways: string[];
  ipv6: boolean;
  internal: boolean;
  disableDns: boolean;
  labels: Record<string, string>;
  /** A CNI network configuration list in place of all other options, and the name that its user gave the file. */
  cni?: { from: string; text: string };
}

export interface NetworkSummary {
  name: string;
  /** True for the network of containers that ask for none. */
  isDefault: boolean;
  /** Name of the bridge in dom0; '' for a CNI network. */
  bridge: string;
  subnets: { subnet: string; gateway: string }[];
  internal: boolean;
  hasDns: boolean;
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** The plugins that make the attachments; `name` is the plugins' name for the network. */
  cni?: { cniVersion: string; name: string; plugins: { type: string }[] };
  /** Running containers in the network. */
  containers: { name: string; addresses: string[] }[];
}
