// SPDX-License-Identifier: Apache-2.0
// Implements the administrator's verbs for networks.

import type { Engine, NetworkSummary } from '../../api/engine.js';
import { sleep } from '../../base/deadline.js';
import type { ContainerManager } from '../../runtime/store/containers.js';
import { DEFAULT_NETWORK, type NetworkRecord, type Networks } from '../../network/index.js';

export function networkEngine(
  networks: Networks,
  manager: ContainerManager,
): Pick<Engine, 'networks' | 'network' | 'networkCreate' | 'networkRemove'> {
  const show = (record: NetworkRecord): NetworkSummary => summarize(networks, record);
  return {
    networks: () => networks.list().map(show),
    network: (name) => Promise.resolve().then(() => show(networks.find(name))),
    networkCreate: async (options) => show(await networks.create(options)),
    networkRemove: async (name) => {
      await untilLeft(networks, manager, name);
      await networks.remove(name);
    },
  };
}

/** Resolves when no ended container is attached any more: a container's domain ends a moment after its command. */
async function untilLeft(
  networks: Networks,
  manager: ContainerManager,
  name: string,
): Promise<void> {
  const deadline = performance.now() + LEAVE_MS;
  const isLeaving = (): boolean => {
    const held = [...manager.containers]
      .filter(({ record }) => !ENDED.includes(record.state))
      .map(({ record }) => record.sandbox.network?.id);
    return networks.attachments(name).some(({ id }) => !held.includes(id));
  };
  while (isLeaving() && performance.now() < deadline) await sleep(LOOK_MS);
}

const ENDED = ['created', 'exited', 'lost'];
const LEAVE_MS = 10_000;
const LOOK_MS = 20;

function summarize(networks: Networks, record: NetworkRecord): NetworkSummary {
  return {
    ...record,
    isDefault: record.name === DEFAULT_NETWORK,
    containers: networks.attachments(record.name).map(({ names: [name = ''], addresses }) => ({
      name,
      addresses: addresses.map(({ address }) => address),
    })),
  };
}
