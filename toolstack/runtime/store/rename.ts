// SPDX-License-Identifier: Apache-2.0
// thaw rename: renames a container and, while it runs, its domain.

import type { ContainerManager, ContainerServices } from './containers.js';
import { isUp } from '../lifecycle/lifecycle.js';

/** Rejects with ERR_CONTAINER_NAME and ERR_USAGE. The container then keeps its old name. */
export async function renameContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  wanted: string,
): Promise<void> {
  const container = await manager.settled(key);
  const { record, sandbox } = container;
  const name = manager.reserveName(wanted);
  try {
    if (sandbox && isUp(record)) await sandbox.rename(name);
    record.sandbox.name = name;
    await container.update({ name });
  } finally {
    manager.freeName(name);
  }
  services.events.tell('rename', record);
}
