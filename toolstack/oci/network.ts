// SPDX-License-Identifier: Apache-2.0
// What an engine put into a container's network namespace, its guest has: the same addresses behind the same interface.

import { readFile, readlink } from 'node:fs/promises';
import { AgentType, encodeNetwork } from '../agent/wire.js';
import { NetworkError, readLinks, redirectLink, type NamespaceLink } from '../network/index.js';
import { addressOf, INTERFACE } from '../sandbox/connect.js';
import type { ContainerSandbox } from '../sandbox/sandbox.js';
import { configError } from './errors.js';

const ANSWER_MS = 60_000;

/** `pid` is in the namespace. Rejects with ERR_NETWORK_LINK, ERR_NETWORK_TOOL, and as the agent does. */
export async function carryNetwork(
  sandbox: Pick<ContainerSandbox, 'domid' | 'agent'>,
  pid: number,
): Promise<void> {
  if (!hasInterfaces(await readFile(`/proc/${pid}/net/dev`, 'utf8'))) return;
  const path = `/proc/${pid}/ns/net`;
  if ((await readlink(path)) === (await readlink('/proc/self/ns/net')))
    throw configError('linux.namespaces', 'the network is dom0’s own');
  const [link, other] = await readLinks(path);
  if (!link) return;
  const odd = [link, other].find((one) => one !== undefined && one.name !== INTERFACE);
  if (odd)
    throw new NetworkError(
      'ERR_NETWORK_LINK',
      `Cannot carry interface ${odd.name} into a guest: it has one, which is ${INTERFACE}`,
    );
  await redirectLink(path, link, `vif${sandbox.domid}.0`);
  const agent = await sandbox.agent();
  await agent.request(AgentType.NETWORK, networkOf(link), 'its network', ANSWER_MS);
}

/** Whether /proc/PID/net/dev has more than loopback. Pure. */
export function hasInterfaces(text: string): boolean {
  return [...text.matchAll(/^\s*([^\s:|]+):/gm)].some(([, name]) => name !== 'lo');
}

function networkOf(link: NamespaceLink): Buffer {
  const mac = Buffer.from(link.mac.replaceAll(':', ''), 'hex');
  const addresses = { ipv4: addressOf(link, 4), ipv6: addressOf(link, 6) };
  return encodeNetwork({ interface: INTERFACE, mac, mtu: link.mtu, ...addresses });
}
