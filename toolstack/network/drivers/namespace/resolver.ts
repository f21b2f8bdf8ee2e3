// SPDX-License-Identifier: Apache-2.0
// Routes a guest's DNS questions to Docker's name server, and the answers back. The server listens at 127.0.0.11 in a container's network
// namespace, and a guest's kernel would send packets for that address to its own loopback.

import { readFile } from 'node:fs/promises';
import type { LinkAddress, NamespaceLink } from '../../interface.js';
import { inNamespace } from '../../tool.js';
import { addLocalRoute, addNeighbour, letLoopbackOut } from '../../netlink/route.js';

/** The address of Docker's name server (libnetwork's resolver). */
export const RESOLVER = '127.0.0.11';
/** Docker's chain of packet rules, which sends questions to the server's port. */
const CHAIN = 'DOCKER_OUTPUT';
/** Link-local addresses (RFC 3927) that stand for the guest inside the namespace, which itself has the guest's real addresses. */
const [HERE, GUEST, NEXT] = ['169.254.127.1', '169.254.127.2', '169.254.127.3'];
/** The MAC of every vif's back end. */
const VIF_MAC = 'fe:ff:ff:ff:ff:ff';

/** True when /proc/PID/net/udp lists a server at 127.0.0.11. Pure. */
export function hasResolver(text: string): boolean {
  // The address is a number in the machine's byte order.
  return /^\s*\d+:\s+0B00007F:/m.test(text);
}

/** Resolves with hasResolver() for the namespace of that process. */
export async function findResolver(pid: number): Promise<boolean> {
  return hasResolver(await readFile(`/proc/${pid}/net/udp`, 'utf8'));
}

/** Returns the source address of the guest's questions; undefined for a guest without a global IPv4 address. Pure. */
export function askingAddress({ addresses }: NamespaceLink): LinkAddress | undefined {
  return addresses.find(({ family, scope }) => family === 4 && scope === 'global');
}

/** Makes the guest's kernel send packets to 127.0.0.11 out of the interface. Pure. */
export function resolverMessages(index: number, { address }: LinkAddress): Buffer[] {
  return [
    letLoopbackOut(index),
    addNeighbour(index, RESOLVER, VIF_MAC),
    addLocalRoute(index, RESOLVER, address),
  ];
}

/**
 * Lets the stack of the namespace at `path` take questions from the vif, under a source address that is not its own, and sends them through
 * Docker's chain. Idempotent. Rejects with ERR_NETWORK_TOOL.
 */
export async function openResolver(
  path: string,
  vif: string,
  { mac }: NamespaceLink,
  { address }: LinkAddress,
): Promise<void> {
  const links = [
    `addr replace ${HERE}/32 dev ${vif}`,
    `neigh replace ${NEXT} lladdr ${mac} dev ${vif} nud permanent`,
    `route replace ${GUEST}/32 via ${NEXT} dev ${vif} onlink`,
  ];
  await inNamespace(path, ['ip', '-batch', '-'], `${links.join('\n')}\n`);
  const settings = ['route_localnet=1', 'accept_local=1', 'rp_filter=0'];
  const names = settings.map((setting) => `net/ipv4/conf/${vif}/${setting}`);
  await inNamespace(path, ['sysctl', '-qw', ...names]);
  await inNamespace(path, ['nft', '-f', '-'], resolverRules(vif, address));
  const rule = ['PREROUTING', '-i', vif, '-d', RESOLVER, '-j', CHAIN];
  const nat = (verb: string): Promise<string> =>
    inNamespace(path, ['iptables', '-w', '-t', 'nat', verb, ...rule]);
  await nat('-C').catch(() => nat('-A'));
  const filters = ['udp', 'tcp'].map(
    (protocol, at) =>
      `filter replace dev ${vif} ingress pref ${at + 1} handle 1 protocol ip flower ip_proto ${protocol} dst_ip ${RESOLVER} dst_port 53 action skbedit ptype host pipe action pass\n`,
  );
  await inNamespace(path, ['tc', '-batch', '-'], filters.join(''));
}

/** Returns rules that translate the guest's address before connection tracking of a question, and back as the last step of an answer. Pure. */
function resolverRules(vif: string, address: string): string {
  return `table ip thaw
delete table ip thaw
table ip thaw {
	chain ask {
		type filter hook prerouting priority raw; policy accept;
		iifname "${vif}" ip daddr ${RESOLVER} ip saddr set ${GUEST}
	}
	chain answer {
		type filter hook postrouting priority 300; policy accept;
		oifname "${vif}" ip daddr ${GUEST} ip daddr set ${address}
	}
}
`;
}
