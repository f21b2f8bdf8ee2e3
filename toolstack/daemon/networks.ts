// SPDX-License-Identifier: Apache-2.0
// The part of the engine that is about networks.

import type { Engine, NetworkSummary } from '../api/engine.js';
import { DEFAULT_NETWORK, type NetworkRecord, type Networks } from '../network/index.js';

export function networkEngine(
  networks: Networks,
): Pick<Engine, 'networks' | 'network' | 'networkCreate' | 'networkRemove'> {
  const show = (record: NetworkRecord): NetworkSummary => summarize(networks, record);
  return {
    networks: () => networks.list().map(show),
    network: (name) => Promise.resolve().then(() => show(networks.find(name))),
    networkCreate: async (options) => show(await networks.create(options)),
    networkRemove: (name) => networks.remove(name),
  };
}

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
