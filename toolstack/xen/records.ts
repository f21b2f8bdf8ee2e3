// SPDX-License-Identifier: Apache-2.0
// What libxl keeps of a domain in xenstore, written and removed by thaw itself, so that xl finds a clone like any other domain
// (libxl__domain_make, libxl__build_post and libxl__device_console_add in Xen's tools/libs/light).

import { permissions, type NodeOperations, type StoreEntry } from '../../xenstore/index.js';
import type { Domid } from '../base/ids.js';
import type { DomainConfig } from './config.js';
import { removeNodes } from './store-change.js';

/** Where a domain's two rings are; frames are guest frames of a PVH domain, machine frames of a PV one. */
export interface Rings {
  storeFrame: number;
  storePort: number;
  consoleFrame: number;
  consolePort: number;
}

/** All nodes of a new domain without devices, parents before children. Pure. */
export function domainNodes(domid: Domid, config: DomainConfig, rings: Rings): StoreEntry[] {
  const { domain, vm, libxl, console } = recordPaths(domid, config.uuid);
  const toGuest = permissions(0, 'none', { domid, access: 'read' });
  const ofGuest = permissions(domid, 'none');
  const dom0Only = permissions(0, 'none');
  const guestsOwn = GUESTS_OWN.map((name) => ({
    ...{ path: `${domain}/${name}`, value: '', permissions: ofGuest },
  }));
  const consoleNodes = {
    frontend: `${domain}/console`,
    'frontend-id': String(domid),
    online: '1',
    state: '1',
    protocol: 'vt100',
  };
  return [
    { path: domain, permissions: toGuest },
    { path: vm, permissions: toGuest },
    { path: libxl, permissions: dom0Only },
    { path: `${libxl}/device` },
    ...entries(vm, { uuid: config.uuid, name: config.name, start_time: startTime() }),
    ...entries(libxl, { type: config.type, 'dm-version': 'qemu_xen' }),
    ...entries(domain, {
      vm,
      name: config.name,
      domid: String(domid),
      'memory/static-max': String(config.maxMemoryKib),
      'memory/target': String(config.memoryKib),
      'memory/videoram': '0',
      'store/port': String(rings.storePort),
      'store/ring-ref': String(rings.storeFrame),
      device: '',
      'control/platform-feature-multiprocessor-suspend': '1',
      'control/platform-feature-xs_reset_watches': '1',
      ...cpuNodes(config),
    }),
    ...guestsOwn,
    ...entries(`${domain}/console`, {
      backend: console,
      limit: CONSOLE_LIMIT,
      type: 'xenconsoled',
      output: 'pty',
      tty: '',
      port: String(rings.consolePort),
      'ring-ref': String(rings.consoleFrame),
    }),
    {
      path: `${domain}/console/backend-id`,
      value: '0',
      permissions: permissions(domid, 'none', { domid: 0, access: 'read' }),
    },
    { path: console, permissions: toGuest },
    ...entries(console, consoleNodes),
    ...entries(`${libxl}/device/console/0`, { backend: console, ...consoleNodes }),
  ];
}

/** What a guest may write. Linux fills in the features when it boots; a clone has booted already. */
const GUESTS_OWN = [
  'control/shutdown',
  'control/feature-poweroff',
  'control/feature-reboot',
  'control/feature-suspend',
  'control/sysrq',
  'device/suspend/event-channel',
  'data',
  'drivers',
  'feature',
  'attr',
  'error',
];

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
    console: `/local/domain/0/backend/console/${domid}/0`,
  };
}

/** Removes everything of a domain whose devices are gone already; of its number only what is still this domain's. */
export async function removeDomainNodes(
  tx: NodeOperations,
  domid: Domid,
  uuid: string,
): Promise<void> {
  const { domain, vm, libxl } = recordPaths(domid, uuid);
  const owner = await tx.readIfExists(`${domain}/vm`);
  const isOurs = owner === undefined || owner === vm;
  const ofNumber = isOurs ? [domain, libxl, `/local/domain/0/backend/console/${domid}`] : [];
  await removeNodes(tx, [vm, ...ofNumber]);
}
