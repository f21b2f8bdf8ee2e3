// SPDX-License-Identifier: Apache-2.0
// Implements the administrator's verbs for volumes.

import type { Engine, VolumeSummary } from '../../api/engine.js';
import { sleep } from '../../base/deadline.js';
import type { ContainerManager } from '../../runtime/store/containers.js';
import { usersOf } from '../../runtime/create/volumes.js';
import { VolumeError, type VolumeRecord, type Volumes } from '../../volume/index.js';

/** A container's domain ends a moment after its command, and with --rm after its name is free. */
const LEAVE_MS = 15_000;
const LOOK_MS = 20;

async function untilLeft(volumes: Volumes, name: string): Promise<void> {
  const deadline = performance.now() + LEAVE_MS;
  while (volumes.isHeld(name) && performance.now() < deadline) await sleep(LOOK_MS);
}

export function volumeEngine(
  volumes: Volumes,
  manager: ContainerManager,
): Pick<Engine, 'volumes' | 'volume' | 'volumeCreate' | 'volumeRemove'> {
  const show = (record: VolumeRecord): VolumeSummary => ({
    ...record,
    path: volumes.pathOf(record),
    containers: usersOf(manager, record.name).map(({ name }) => name),
  });
  return {
    volumes: () => volumes.list().map(show),
    volume: (name) => Promise.resolve().then(() => show(volumes.find(name))),
    volumeCreate: async (options) => (await volumes.create(options)).name,
    volumeRemove: async (name, force) => {
      volumes.find(name);
      const users = usersOf(manager, name);
      if (users.length > 0 && !force)
        throw new VolumeError(
          'ERR_VOLUME_USED',
          `Cannot remove volume "${name}": container ${users.map((user) => user.name).join(', ')} has it; remove that first, or use --force`,
        );
      for (const { id } of users) await manager.remove(id, true);
      await untilLeft(volumes, name);
      if (volumes.has(name)) await volumes.remove(name);
    },
  };
}
