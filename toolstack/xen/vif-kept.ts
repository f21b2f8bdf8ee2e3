// SPDX-License-Identifier: Apache-2.0
// A preconnected vif: clones have it connected from their first instruction on, with the nodes that the template's front end wrote.

import { release } from 'node:os';
import type { Domid } from '../base/ids.js';
import { devicePaths } from './devices.js';
import type { XenHost } from './host.js';

export interface KeptVif {
  /** Release of the dom0 kernel whose back end the front end negotiated with. */
  backend: string;
  /** The front end's nodes, without those that differ for each domain. */
  nodes: Record<string, string>;
  /** True where each direction has an event channel of its own. */
  isSplit: boolean;
}

/** A front end's nodes of a device with one queue (xen/io/netif.h); all are numbers. */
const SAID =
  /^(tx-ring-ref|rx-ring-ref|request-rx-copy|xdp-headroom|multi-queue-num-queues|feature-[a-z0-9-]+)$/;
const NUMBER = /^\d{1,10}$/;
const MOST = 32;

/** Release of this dom0's kernel. */
export const backendRelease = (): string => release();

/** Reads the nodes of a guest's connected first vif; undefined where a clone could not use them. */
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

/** Returns the front end's nodes of a clone's connected vif with these event channels. Pure. */
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
