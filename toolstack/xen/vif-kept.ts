// SPDX-License-Identifier: Apache-2.0
// A vif that a guest's clones have connected from their first instruction on: what its front end wrote into xenstore is theirs, too.

import { release } from 'node:os';
import type { Domid } from '../base/ids.js';
import { devicePaths } from './devices.js';
import type { XenHost } from './host.js';

export interface KeptVif {
  /** Which kernel's back end the front end agreed with. */
  backend: string;
  /** What it wrote, but for what is a domain's own. */
  nodes: Record<string, string>;
  /** Whether each direction has an event channel of its own. */
  isSplit: boolean;
}

/** What a front end says of a device with one queue (xen/io/netif.h); all are numbers. */
const SAID =
  /^(tx-ring-ref|rx-ring-ref|request-rx-copy|xdp-headroom|multi-queue-num-queues|feature-[a-z0-9-]+)$/;
const NUMBER = /^\d{1,10}$/;
const MOST = 32;

/** What dom0's own is called. */
export const backendRelease = (): string => release();

/** What a guest's front end wrote of its first vif, which is connected; undefined where a clone could not be given that. */
export async function readKeptVif(
  { xenstore }: XenHost,
  domid: Domid,
): Promise<KeptVif | undefined> {
  const { frontend } = devicePaths(domid, 'vif', 0);
  const names = await xenstore.directory(frontend);
  const said = names.filter((name) => SAID.test(name));
  const nodes: Record<string, string> = {};
  for (const name of said.slice(0, MOST)) {
    const untrusted = (await xenstore.readIfExists(`${frontend}/${name}`)) ?? '';
    if (!NUMBER.test(untrusted)) return undefined;
    nodes[name] = untrusted;
  }
  const isWhole = ['tx-ring-ref', 'rx-ring-ref'].every((name) => nodes[name] !== undefined);
  if (!isWhole || (nodes['multi-queue-num-queues'] ?? '1') !== '1') return undefined;
  return { backend: backendRelease(), nodes, isSplit: names.includes('event-channel-tx') };
}

/** The front end's nodes of a clone with these ports, which are those of a device that is connected. Pure. */
export function keptVifNodes(
  { nodes, isSplit }: KeptVif,
  ports: { tx: number; rx: number },
): Record<string, string> {
  const channels = isSplit
    ? { 'event-channel-tx': String(ports.tx), 'event-channel-rx': String(ports.rx) }
    : { 'event-channel': String(ports.tx) };
  return { ...nodes, ...channels, state: XENBUS_CONNECTED };
}

const XENBUS_CONNECTED = '4';
