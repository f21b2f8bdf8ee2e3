// SPDX-License-Identifier: Apache-2.0
// Implements the engine's calls for pods.

import type { Engine } from '../../api/engine.js';
import type { ContainerManager, ContainerServices } from '../../runtime/store/containers.js';
import {
  createPod,
  killPod,
  pausePod,
  removePod,
  startPod,
  stopPod,
  summarizePod,
  unpausePod,
} from '../../runtime/pod/verbs.js';

export function podEngine(
  services: ContainerServices,
  manager: ContainerManager,
): Pick<
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
> {
  const { pods } = services;
  return {
    pods: () => pods.list().map((pod) => summarizePod(manager, pod)),
    pod: (name) => Promise.resolve().then(() => summarizePod(manager, pods.find(name))),
    podCreate: (options) => createPod(services, manager, options),
    podStart: (name, client) => startPod(services, manager, name, client),
    podStop: (name, timeoutS) => stopPod(services, manager, name, timeoutS),
    podKill: (name, signal) => killPod(services, manager, name, signal),
    podPause: (name) => pausePod(services, manager, name),
    podUnpause: (name) => unpausePod(services, manager, name),
    podRemove: (name, force) => removePod(services, manager, name, force),
  };
}
