// SPDX-License-Identifier: Apache-2.0
// What libxl keeps of a domain in xenstore, written and removed by thaw itself, so that xl finds a clone like any other domain
// (libxl__domain_make and libxl__build_post in Xen's tools/libs/light).

import { permissions, type NodeOperations, type StoreEntry } from '../../xenstore/index.js';
import type { Domid } from '../base/ids.js';
import type { DomainConfig } from './config.js';
import type { XenHost } from './host.js';
import { changeStore, removeNodes } from './store-change.js';

/** Where a domain's two rings are; frames are guest frames of a PVH domain, machine frames of a PV one. */
export interface Rings {
  storeFrame: number;
  storePort: number;
  consoleFrame: number;
  consolePort: number;
}

/** What a guest looks for as soon as it wakes, parents before children, and by what thawd knows whose records these are. Pure. */
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
 * What libxl and xl look for, and no start need wait for. Each costs a request, so what nothing reads is left out: empty nodes for
 * what Linux says once when it boots, and a device entry for the console, which dom0's kernel would take for a back end to look
 * after. Pure.
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

/** What a guest may write: its answer to a shutdown, and all below data; later also what its devices complain of. */
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

/** What changes of a domain that gets another name. Pure. */
export function nameNodes(domid: Domid, uuid: string, name: string): StoreEntry[] {
  const { domain, vm } = recordPaths(domid, uuid);
  return [...entries(domain, { name }), ...entries(vm, { name })];
}

/** What changes of a domain that gets another name and more memory than it was made with. Pure. */
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
 * Writes nodes of a domain that nothing has waited for, unless the domain is gone or going: its records are then removed already,
 * or will be by a transaction after this one.
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
    // xenstored takes no permissions for a domain that has just ended, and has removed nodes of its own accord.
    if (await host.xenstore.isIntroduced(domid).catch(() => true)) throw error;
  }
}

/** What xenconsoled keeps for a guest that nobody listens to (libxl's LIBXL_XENCONSOLE_LIMIT). */
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

/** Numbers and uuids of domains that xenstore has records of, whether or not there are such domains. */
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

/** Removes everything of a domain, its devices on both sides included; of its number only what is still this domain's. */
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
