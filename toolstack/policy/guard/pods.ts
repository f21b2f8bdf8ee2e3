// SPDX-License-Identifier: Apache-2.0
// Guards the engine's calls for pods, networks and volumes.

import type { Engine, NetworkSummary } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { domainFacts } from '../rules/index.js';
import type { Guard } from './guard.js';
import { factsOf, ownedBy, podId, visible } from './targets.js';

type PodCalls = Pick<
  Engine,
  | 'pods'
  | 'pod'
  | 'podCreate'
  | 'podStart'
  | 'podStop'
  | 'podKill'
  | 'podPause'
  | 'podUnpause'
  | 'podRemove'
>;

export function guardPods(guard: Guard, engine: Engine): PodCalls {
  const change = async <T>(name: string, work: (id: string) => Promise<T>): Promise<T> => {
    const id = await podId(guard, engine, name);
    return guard.change([name], () => work(id));
  };
  return {
    pods: () => visible(guard, engine.pods()),
    pod: async (name) => engine.pod(await podId(guard, engine, name)),
    podCreate: async (given) => {
      const what = given.name === undefined ? [] : [given.name];
      const options = ownedBy(guard, given);
      if (!guard.isFree) {
        const { labels } = options;
        const { podMemoryBytes: memoryBytes, ...defaults } = guard.services.defaults;
        const facts = domainFacts(options, {
          ...defaults,
          podMemoryBytes: memoryBytes,
          memoryBytes,
        });
        guard.allow({ ...facts, labels }, what);
      }
      return guard.change(what, () => engine.podCreate(options));
    },
    podStart: async (name, client) => {
      const starts = guard.isFree ? 1 : Math.max(1, (await engine.pod(name)).containers.length);
      const id = await podId(guard, engine, name, { starts });
      return guard.change([name], () => engine.podStart(id, client));
    },
    podStop: (name, timeoutS) => change(name, (id) => engine.podStop(id, timeoutS)),
    podKill: (name, signal) => change(name, (id) => engine.podKill(id, signal)),
    podPause: (name) => change(name, (id) => engine.podPause(id)),
    podUnpause: (name) => change(name, (id) => engine.podUnpause(id)),
    podRemove: (name, force) => change(name, (id) => engine.podRemove(id, force)),
  };
}

type NetworkCalls = Pick<Engine, 'networks' | 'network' | 'networkCreate' | 'networkRemove'>;

/** Only root makes and removes networks: they may open ports of dom0 and run plugins as root. */
export function guardNetworks(guard: Guard, engine: Engine): NetworkCalls {
  /** Returns the network with those of its containers that the caller may see. */
  const shown = (network: NetworkSummary): NetworkSummary => {
    if (guard.isFree) return network;
    const own = new Set(visible(guard, engine.list(true)).map(({ name }) => name));
    return { ...network, containers: network.containers.filter(({ name }) => own.has(name)) };
  };
  return {
    networks: () =>
      engine
        .networks()
        .filter(({ name }) => guard.isFree || guard.can({ networks: [name] }))
        .map(shown),
    network: async (name) => {
      if (!guard.isFree) guard.allow({ networks: [name] }, [name]);
      return shown(await engine.network(name));
    },
    networkCreate: (options) => {
      guard.rootOnly([options.name]);
      return guard.change([options.name], () => engine.networkCreate(options));
    },
    networkRemove: (name) => {
      guard.rootOnly([name]);
      return guard.change([name], () => engine.networkRemove(name));
    },
  };
}

type VolumeCalls = Pick<Engine, 'volumes' | 'volume' | 'volumeCreate' | 'volumeRemove'>;

export function guardVolumes(guard: Guard, engine: Engine): VolumeCalls {
  const check = async (name: string): Promise<void> => {
    if (!guard.isFree) guard.allow(factsOf(await engine.volume(name)), [name]);
  };
  return {
    volumes: () => visible(guard, engine.volumes()),
    volume: async (name) => {
      await check(name);
      return engine.volume(name);
    },
    volumeCreate: async (given) => {
      const what = given.name === undefined ? [] : [given.name];
      const options = ownedBy(guard, given);
      const { sizeBytes: diskBytes, labels, name = '' } = options;
      const unsizedVolumes = diskBytes === undefined ? [name] : [];
      if (!guard.isFree) guard.allow(defined({ diskBytes, labels, unsizedVolumes }), what);
      return guard.change(what, () => engine.volumeCreate(options));
    },
    volumeRemove: async (name, force) => {
      await check(name);
      // --force also removes the containers that use the volume.
      if (!guard.isFree && force)
        for (const user of (await engine.volume(name)).containers) {
          const found = await engine.find(user);
          guard.allow(factsOf(found), [found.name]);
        }
      return guard.change([name], () => engine.volumeRemove(name, force));
    },
  };
}
