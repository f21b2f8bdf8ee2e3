// SPDX-License-Identifier: Apache-2.0
// Configures dom0's kernel for networks: bridges with addresses, and packet rules. Runs iproute2 and nft only where no start waits for them.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { linkJoin, NETLINK, netlinkSend } from '../../bindings/index.js';
import { forwardSettings, wallSettings, type Setting } from './bridge-settings.js';
import { portMessages } from './netlink/bridge-port.js';
import type { NetworkRecord } from './record.js';
import { runTool } from './tool.js';

export interface HostNetwork {
  /** Makes the bridge, with its addresses, unless it exists. */
  addBridge(record: NetworkRecord): Promise<void>;
  /** Idempotent. */
  removeBridge(bridge: string): Promise<void>;
  /** True when the kernel has an interface of that name. */
  has(interfaceName: string): boolean;
  /** True when the interface is a port of a bridge. */
  isPort(interfaceName: string): boolean;
  /** True when the bridge forwards packets that come in at that port. */
  forwards(interfaceName: string): boolean;
  /** Makes an interface a port of the bridge; '' removes it from its bridge, and sets it down. */
  join(interfaceName: string, bridge: string): Promise<void>;
  /** Leads frames for the MAC to that port of a bridge. The bridge learns from the port's frames only with `learns`. */
  setPort(interfaceName: string, mac: string, learns: boolean): Promise<void>;
  /** Replaces a table of thaw's packet rules (rules/rules.ts, rules/frames.ts). */
  load(rules: string): Promise<void>;
  /** Changes sets of these rules (netlink/set-elements.ts), without starting a process. Rejects with ERR_XEN_ENOENT and the like. */
  sendRules(messages: Buffer): Promise<void>;
  /** Returns the name servers of /etc/resolv.conf, without those on the host's own loopback. */
  nameServers(): string[];
  /** Returns the host's addresses, each with its prefix. */
  ownSubnets(): string[];
}

export const kernelNetwork: HostNetwork = {
  async addBridge(record) {
    const { bridge, subnets } = record;
    if (!existsSync(`/sys/class/net/${bridge}`))
      await runTool('ip', ['link', 'add', bridge, 'address', newMac(), 'type', 'bridge']);
    for (const setting of wallSettings(record)) await set(setting);
    // Linux before 6.7 knows no such bound; only guests that may send from any address fill the table there.
    const bound = ['type', 'bridge', 'fdb_max_learned', String(LEARNED_MAX)];
    await runTool('ip', ['link', 'set', bridge, ...bound]).catch(() => undefined);
    for (const { subnet, gateway } of subnets) {
      const prefix = subnet.slice(subnet.indexOf('/'));
      const nodad = subnet.includes(':') ? ['nodad'] : [];
      await runTool('ip', ['addr', 'replace', `${gateway}${prefix}`, 'dev', bridge, ...nodad]);
    }
    await runTool('ip', ['link', 'set', bridge, 'up']);
    for (const setting of forwardSettings(record)) await set(setting);
  },

  async removeBridge(bridge) {
    if (existsSync(`/sys/class/net/${bridge}`)) await runTool('ip', ['link', 'delete', bridge]);
  },

  has: (interfaceName) => existsSync(`/sys/class/net/${interfaceName}`),

  isPort: (interfaceName) => existsSync(`/sys/class/net/${interfaceName}/brport`),

  forwards(interfaceName) {
    try {
      const state = readFileSync(`/sys/class/net/${interfaceName}/brport/state`, 'utf8');
      return Number(state) === FORWARDING;
    } catch {
      return false;
    }
  },

  join: (interfaceName, bridge) => linkJoin(interfaceName, bridge),

  async setPort(interfaceName, mac, learns) {
    const index = Number(readFileSync(`/sys/class/net/${interfaceName}/ifindex`, 'utf8'));
    await netlinkSend(NETLINK.ROUTE, portMessages(index, mac, learns));
  },

  load: async (rules) => void (await runTool('nft', ['-f', '-'], rules)),

  sendRules: (messages) => netlinkSend(NETLINK.NETFILTER, messages),

  nameServers() {
    try {
      const text = readFileSync('/etc/resolv.conf', 'utf8');
      const all = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
      return all.filter((address) => !address.startsWith('127.') && address !== '::1');
    } catch {
      return [];
    }
  },

  ownSubnets: () =>
    Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
    ),
};

/** The most MACs that a bridge learns from its ports. */
const LEARNED_MAX = 1024;

/** BR_STATE_FORWARDING (linux/if_bridge.h). */
const FORWARDING = 3;

/** Returns a random MAC for a bridge. Without a fixed MAC, a bridge changes its MAC with its ports, and guests go on sending to the old one. */
function newMac(): string {
  const bytes = [0x02, ...randomBytes(5)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** A kernel without IPv6 lacks its settings, and needs none. */
async function set([name, value]: Setting): Promise<void> {
  if (name.startsWith('net/ipv6/') && !existsSync('/proc/sys/net/ipv6')) return;
  await writeFile(`/proc/sys/${name}`, value);
}
