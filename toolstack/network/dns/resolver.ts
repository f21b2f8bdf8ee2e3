// SPDX-License-Identifier: Apache-2.0
// Docker's name server: it listens at 127.0.0.11 in a container's network namespace, where a guest's kernel would look for it at home. How what a
// guest sends there comes to it, and the answers back.

import { readFile } from 'node:fs/promises';
import type { LinkAddress, NamespaceLink } from '../drivers/namespace/namespace.js';
import { addLocalRoute, addNeighbour, letLoopbackOut } from '../drivers/namespace/netlink.js';
import { inNamespace } from '../tool.js';

/** Docker's own (libnetwork's resolver). */
export const RESOLVER = '127.0.0.11';
/** Its chain, which sends questions to the port that it listens at. */
const CHAIN = 'DOCKER_OUTPUT';
/** What the namespace calls the guest, whose addresses are its own as well. Nobody else sees these (RFC 3927). */
const [HERE, GUEST, NEXT] = ['169.254.127.1', '169.254.127.2', '169.254.127.3'];
/** A back end's, whichever it is. */
const VIF_MAC = 'fe:ff:ff:ff:ff:ff';

/** Whether one listens there: what /proc/PID/net/udp says. Pure. */
export function hasResolver(text: string): boolean {
  // An address there is a number in the machine's order.
  return /^\s*\d+:\s+0B00007F:/m.test(text);
}

/** As hasResolver(), of the namespace that the process is in. */
export async function findResolver(pid: number): Promise<boolean> {
  return hasResolver(await readFile(`/proc/${pid}/net/udp`, 'utf8'));
}

/** Which of a guest's addresses its questions come from; undefined where it has none that does. Pure. */
export function askingAddress({ addresses }: NamespaceLink): LinkAddress | undefined {
  return addresses.find(({ family, scope }) => family === 4 && scope === 'global');
}

/** What the guest's kernel is told: the address is not its own, and behind the interface. Pure. */
export function resolverMessages(index: number, { address }: LinkAddress): Buffer[] {
  return [
    letLoopbackOut(index),
    addNeighbour(index, RESOLVER, VIF_MAC),
    addLocalRoute(index, RESOLVER, address),
  ];
}

/**
 * In the namespace at `path`: questions that come in at the vif are its kernel's, from an address that is not its own, and go through Docker's
 * chain. May be done again. Rejects with ERR_NETWORK_TOOL.
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

/** Before anything is kept in mind of a packet it comes from another, and the last thing is that it goes to the guest's. Pure. */
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
