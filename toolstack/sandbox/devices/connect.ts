// SPDX-License-Identifier: Apache-2.0
// How a sandbox comes into its network: its vif's end in dom0 into the bridge, its addresses into the guest.

import { AgentType, decodeIndex } from '../../agent/wire.js';
import { encodeNetlink, encodeNetwork, type NetworkAddress } from '../../agent/wire-guest.js';
import type { Steps } from '../../base/steps.js';
import {
  addressBytes,
  keepDhcp,
  linkMessages,
  redirectLink,
  type Attachment,
} from '../../network/index.js';
import { untilConnected } from '../../xen/devices.js';
import type { Ready } from '../create/booted-clone.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';
import { vifName } from './vifs.js';

/** The guest's name for its vif. */
export const INTERFACE = 'eth0';
const ANSWER_MS = 60_000;

/**
 * A clone that waited is in the default network's bridge already; one that is connected later has all but the bridge. Without a network the
 * interface is there, and down.
 */
export async function connect(
  { host, networks }: SandboxServices,
  ready: Ready,
  { network, introduction }: SandboxRecord,
  steps: Steps,
): Promise<void> {
  const { domid } = ready;
  if (!introduction) {
    if (!ready.hasVif) await steps.time('vif', untilConnected(host, domid, 'vif', 0));
    const bridge = network?.bridge ?? '';
    const present = ready.hasVif ? networks.defaultBridge : '';
    if (bridge !== present) await steps.time('bridge', networks.plug(domid, bridge));
  }
  const place = network?.place;
  await steps.time('network', configure(ready, place ? undefined : network));
  if (place) await steps.time('place', carry(ready, place));
}

/** The interface of a network namespace becomes the guest's, with all that it has there. */
async function carry(
  { domid, link: agent }: Ready,
  { namespace, link, isLeased }: NonNullable<Attachment['place']>,
): Promise<void> {
  await redirectLink(namespace, link, { vif: vifName({ domid }, 0), isThere: false });
  if (isLeased) await keepDhcp(namespace, link);
  const ask = (messages: Buffer[]): Promise<Buffer> =>
    agent.request(AgentType.NETLINK, encodeNetlink(0, messages), 'its network', ANSWER_MS);
  await ask(linkMessages(decodeIndex(await ask([])), undefined, link));
}

/** Its addresses in the guest, and its MAC where that is its template's. */
export async function configure(ready: Ready, network: Attachment | undefined): Promise<void> {
  const { link, template, record } = ready;
  // A copy of a guest that ran has the addresses of that.
  if (!network && ready.hasMac && !template.running) return;
  const request = encodeNetwork({
    interface: template.running?.interface ?? INTERFACE,
    mac: ready.hasMac ? undefined : macBytes(record.mac),
    ipv4: network && addressOf(network, 4),
    ipv6: network && addressOf(network, 6),
  });
  await link.request(AgentType.NETWORK, request, 'its network', ANSWER_MS);
  ready.hasMac = true;
}

/** Pure. */
function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** The one of that family, as the agent is told. Pure. */
export function addressOf(
  { addresses }: Pick<Attachment, 'addresses'>,
  family: 4 | 6,
): NetworkAddress | undefined {
  const found = addresses.find((one) => one.family === family);
  if (!found) return undefined;
  const { address, prefix, gateway } = found;
  return {
    ...{ address: addressBytes(address), prefix },
    gateway: gateway === '' ? undefined : addressBytes(gateway),
  };
}
