// SPDX-License-Identifier: Apache-2.0
// Connects a sandbox's guest to its network.

import { AgentType, decodeIndex } from '../../agent/wire.js';
import { encodeNetlink, encodeNetwork, type NetworkAddress } from '../../agent/wire-guest.js';
import type { Steps } from '../../base/steps.js';
import {
  addressBytes,
  macBytes,
  type AttachedAddress,
  type GuestInterface,
} from '../../network/index.js';
import { untilConnected } from '../../xen/devices.js';
import type { Ready } from './booted-clone.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';
import { vifName } from '../devices/extra-vifs.js';

/** The guest's name for its vif. */
export const INTERFACE = 'eth0';
const ANSWER_MS = 60_000;

/** Connects the guest's vif and network. Without a network the guest's interface exists and is down. */
export async function connect(
  { host, networks }: SandboxServices,
  ready: Ready,
  { network, introduction }: SandboxRecord,
  steps: Steps,
): Promise<void> {
  const { domid } = ready;
  const isDeferred = introduction !== undefined;
  if (!isDeferred && !ready.hasVif) await steps.time('vif', untilConnected(host, domid, 'vif', 0));
  // A clone of the pool is plugged into the default network's bridge.
  const bridge = ready.hasVif ? networks.defaultBridge : '';
  const guest = interfaceOf(ready, isDeferred ? undefined : bridge);
  if (network) return networks.connect(guest, network, steps);
  if (!isDeferred && bridge !== '') await steps.time('bridge', networks.unplug(guest.vif));
  await steps.time('network', guest.configure());
}

function interfaceOf(ready: Ready, bridge: string | undefined): GuestInterface {
  return {
    vif: vifName(ready, 0),
    mac: ready.record.mac,
    bridge,
    configure: (addresses) => configure(ready, addresses),
    async netlink(messages) {
      const ask = (words: Buffer[]): Promise<Buffer> =>
        ready.link.request(AgentType.NETLINK, encodeNetlink(0, words), 'its network', ANSWER_MS);
      await ask(messages(decodeIndex(await ask([]))));
    },
  };
}

/** Sets the guest's addresses, and its MAC where the vif still has its template's. */
export async function configure(
  ready: Ready,
  addresses?: readonly AttachedAddress[],
): Promise<void> {
  const { link, template, record } = ready;
  // A copy of a running guest still has that guest's addresses.
  if (!addresses && ready.hasMac && !template.running) return;
  const request = encodeNetwork({
    interface: template.running?.interface ?? INTERFACE,
    mac: ready.hasMac ? undefined : macBytes(record.mac),
    ipv4: addresses && addressOf(addresses, 4),
    ipv6: addresses && addressOf(addresses, 6),
  });
  await link.request(AgentType.NETWORK, request, 'its network', ANSWER_MS);
  ready.hasMac = true;
}

/** Returns the address of that family in the form of a NETWORK request. Pure. */
function addressOf(
  addresses: readonly AttachedAddress[],
  family: 4 | 6,
): NetworkAddress | undefined {
  const found = addresses.find((one) => one.family === family);
  if (!found) return undefined;
  const { address, prefix, gateway } = found;
  return {
    address: addressBytes(address),
    prefix,
    gateway: gateway === '' ? undefined : addressBytes(gateway),
  };
}
