// SPDX-License-Identifier: Apache-2.0
// Writes and removes libxl's xenstore records of a domain, so that xl finds a clone like any other domain
// (libxl__domain_make and libxl__build_post in Xen's tools/libs/light).

import { permissions, type NodeOperations, type StoreEntry } from '../../xenstore/index.js';
import type { Domid } from '../base/ids.js';
import type { DomainConfig } from './config.js';
import type { XenHost } from './host.js';
import { changeStore, removeNodes } from './store-change.js';

/** A domain's xenstore and console rings. Frames are guest frames of a PVH domain, machine frames of a PV domain. */
export interface Rings {
  storeFrame: number;
  storePort: number;
  consoleFrame: number;
  consolePort: number;
}

/** Nodes that a guest reads as soon as it wakes, parents before children, and the node that marks them as thaw's. Pure. */
export function guestNodes(domid: Domid, config: DomainConfig): StoreEntry[] {
  const { domain, vm } = recordPaths(domid, config.uuid);
  const ofGuest = permissions(domid, 'none');
  return [
    { path: domain, value: '', permissions: toGuest(domid) },
    ...entries(domain, {
      vm,
      'memory/target': String(config.memoryKib),
      ...cpuNodes(config),
    }),
    ...GUESTS_OWN.map((name) => ({ path: `${domain}/${name}`, value: '', permissions: ofGuest })),
  ];
}

/**
 * Nodes that libxl and xl read and no start waits for. Each costs a request, so nodes that nothing reads are left out: empty ones that
 * Linux reports once at boot, and a device entry for the console, which dom0's kernel would take for a back end. Pure.
 */
export function libxlNodes(domid: Domid, config: DomainConfig, rings: Rings): StoreEntry[] {
  const { domain, vm, libxl } = recordPaths(domid, config.uuid);
  return [
    { path: vm, value: '', permissions: toGuest(domid) },
    ...entries(vm, { uuid: config.uuid, name: config.name, start_time: startTime() }),
    { path: `${libxl}/type`, value: config.type },
    ...entries(domain, {
      name: config.name,
      domid: String(domid),
      'memory/static-max': String(config.maxMemoryKib),
      'store/port': String(rings.storePort),
      'store/ring-ref': String(rings.storeFrame),
    }),
    { path: `${domain}/error`, value: '', permissions: permissions(domid, 'none') },
  ];
}

function toGuest(domid: Domid) {
  return permissions(0, 'none', { domid, access: 'read' });
}

/** Nodes that a guest may write: its answer to a shutdown, and everything below data. */
const GUESTS_OWN = ['control/shutdown', 'data'];

/** The nodes that make xenconsoled serve the console: a pty, and a log where it keeps one. Pure. */
export function consoleNodes(domid: Domid, rings: Rings): StoreEntry[] {
  // The frame comes last: xenconsoled looks at all of them when one changes.
  return entries(`/local/domain/${domid}/console`, {
    limit: CONSOLE_LIMIT,
    type: 'xenconsoled',
    output: 'pty',
    tty: '',
    port: String(rings.consolePort),
    'ring-ref': String(rings.consoleFrame),
  });
}

/** Nodes that a new name of the domain changes. Pure. */
export function nameNodes(domid: Domid, uuid: string, name: string): StoreEntry[] {
  const { domain, vm } = recordPaths(domid, uuid);
  return [...entries(domain, { name }), ...entries(vm, { name })];
}

/** Nodes that a new name and more memory of the domain change. Pure. */
export function renamedNodes(
  domid: Domid,
  { uuid, name, maxMemoryKib }: Pick<DomainConfig, 'uuid' | 'name' | 'maxMemoryKib'>,
): StoreEntry[] {
  const { domain } = recordPaths(domid, uuid);
  return [
    ...nameNodes(domid, uuid, name),
    ...entries(domain, {
      'memory/static-max': String(maxMemoryKib),
      'memory/target': String(maxMemoryKib),
    }),
  ];
}

/**
 * Writes nodes that no start waits for, unless the domain is destroyed or dying: its records are then removed already,
 * or a later transaction removes them.
 */
export async function writeLater(
  host: XenHost,
  domid: Domid,
  uuid: string,
  nodes: readonly StoreEntry[],
): Promise<void> {
  const { domain, vm } = recordPaths(domid, uuid);
  try {
    await changeStore(host, async (tx) => {
      if ((await tx.readIfExists(`${domain}/vm`)) === vm) await tx.writeAll(nodes);
    });
  } catch (error) {
    // xenstored refuses permissions for a domain that has just ended, and has removed nodes by itself.
    if (await host.xenstore.isIntroduced(domid).catch(() => true)) throw error;
  }
}

/** Bytes that xenconsoled keeps of a console without a reader (libxl's LIBXL_XENCONSOLE_LIMIT). */
const CONSOLE_LIMIT = '1048576';

function cpuNodes(config: DomainConfig): Record<string, string> {
  const nodes: Record<string, string> = {};
  for (let cpu = 0; cpu < config.maxVcpus; cpu++) {
    nodes[`cpu/${cpu}/availability`] = cpu < config.onlineVcpus ? 'online' : 'offline';
  }
  return nodes;
}

/** Seconds and hundredths, as libxl writes them. */
function startTime(): string {
  return (Date.now() / 1000).toFixed(2);
}

function entries(base: string, values: Record<string, string>): StoreEntry[] {
  return Object.entries(values).map(([name, value]) => ({ path: `${base}/${name}`, value }));
}

function recordPaths(domid: Domid, uuid: string) {
  return {
    domain: `/local/domain/${domid}`,
    vm: `/vm/${uuid}`,
    libxl: `/libxl/${domid}`,
    backends: ['console', 'vbd', 'vif', '9pfs'].map(
      (kind) => `/local/domain/0/backend/${kind}/${domid}`,
    ),
  };
}

/** Resolves with the domids and uuids in xenstore's records, of existing domains or not. */
export async function recordedDomains(host: XenHost): Promise<{ domid: number; uuid: string }[]> {
  const { xenstore } = host;
  const numbers = await xenstore.directory('/local/domain').catch(() => []);
  const found = await Promise.all(
    numbers.map(async (number) => ({
      domid: Number(number),
      uuid: ((await xenstore.readIfExists(`/local/domain/${number}/vm`)) ?? '').replace('/vm/', ''),
    })),
  );
  return found.filter(({ uuid }) => uuid !== '');
}

/** Removes all nodes of a domain, both sides of its devices included. Nodes by domid go only while the domid is still this domain's. */
export async function removeDomainNodes(
  tx: NodeOperations,
  domid: Domid,
  uuid: string,
): Promise<void> {
  const { domain, vm, libxl, backends } = recordPaths(domid, uuid);
  const owner = await tx.readIfExists(`${domain}/vm`);
  const isOurs = owner === undefined || owner === vm;
  const ofNumber = isOurs ? [domain, libxl, ...backends] : [];
  await removeNodes(tx, [vm, ...ofNumber]);
}
