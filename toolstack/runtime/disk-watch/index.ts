// SPDX-License-Identifier: Apache-2.0
// Wires the disk watch to the containers and pods of a thawd.

import type { DiskReserve } from '../../disk/index.js';
import { noticePauses } from '../pause/detect.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { containerGuest } from './container-guest.js';
import { Growth, growthCalls } from './growth.js';
import type { DiskGuest } from './guest.js';
import { noticePods, podGuest, settlePods } from './pod-guest.js';
import { DiskWatch } from './watch.js';

export type { DiskWatch } from './watch.js';

/** Returns a watch that has not begun. `others` returns the guests of another part of thawd. */
export function diskWatch(
  services: ContainerServices,
  manager: ContainerManager,
  reserve: DiskReserve,
  others: () => DiskGuest[] = () => [],
): DiskWatch {
  return new DiskWatch({
    settle: () => settlePods(services),
    filesystems: () => reserve.filesystems(),
    guests: async () => {
      const { containers } = manager;
      const guests = [...guestsOf(services, manager), ...others()];
      // xl may have unpaused a domain that the watch paused.
      if (guests.some(({ diskPause }) => diskPause)) {
        await noticePauses(services, containers);
        await noticePods(services);
      }
      return [...guestsOf(services, manager), ...others()];
    },
    growth: new Growth(
      growthCalls({
        deviceOf: (path) => reserve.deviceOf(path),
        written: () => services.sandbox.shims.written(),
      }),
    ),
    log: services.log,
  });
}

function guestsOf(services: ContainerServices, manager: ContainerManager): DiskGuest[] {
  const containers = [...manager.containers].map((one) => containerGuest(services, one));
  const pods = services.pods.list().map((pod) => podGuest(services, manager, pod));
  return [...containers, ...pods].filter((guest) => guest !== undefined);
}
