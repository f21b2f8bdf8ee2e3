// SPDX-License-Identifier: Apache-2.0
// thaw stop and restart: ends a running container, or starts it over.

import { constants } from 'node:os';
import type { Client } from '../../api/engine.js';
import { errorCode } from '../../base/errors.js';
import type { Container } from './container.js';
import { hasEnded, isUp } from './lifecycle.js';
import { insist, isWithin, sendSignal } from './signal.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { unpauseContainer } from '../pause/pause.js';
import type { ContainerRecord } from '../store/record.js';
import { startContainer } from '../create/run.js';

/** The default of podman and docker. */
export const STOP_TIMEOUT_S = 10;

/**
 * Sends the container's stop signal, and KILL after `timeoutS` seconds (-1: never). Resolves when the container has ended. Leaves a container
 * alone that does not run. Ignores the restart policy.
 */
export async function stopContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  timeoutS?: number,
): Promise<void> {
  const asked = manager.find(key).record;
  // Set at once: no policy may start the container during this wait.
  const isNews = asked.isStopped !== true;
  asked.isStopped = true;
  const container = await manager.settled(asked.id);
  // A container that is being copied gets no signal. The wait has a limit, as the guest may hold up the copy.
  await isWithin(container.exclusiveDone(), EXCLUSIVE_MS);
  await manager.whenSettled(asked.id, (settled) => stop(services, settled, isNews, timeoutS));
}

/** The time that a copy may take. */
const EXCLUSIVE_MS = 60_000;

async function stop(
  services: ContainerServices,
  container: Container,
  isNews: boolean,
  timeoutS: number | undefined,
): Promise<void> {
  const { record, sandbox } = container;
  // Also for a container that waits for a start by its policy.
  if (isNews || record.isStopped !== true) await container.update({ isStopped: true });
  if (!sandbox || !isUp(record)) return;
  if (record.state === 'paused') await letGo(services, container);
  sendSignal(container, stopSignalOf(record));
  const seconds = timeoutS ?? record.options?.stopTimeoutS ?? STOP_TIMEOUT_S;
  if (!(await isWithin(container.ended, seconds < 0 ? Infinity : seconds * 1000))) {
    services.log.warn(`Container ${record.name} did not end within ${seconds} s and is killed`);
    await insist(container, KILL_MS, () => container.lose('it could not be killed'));
  }
  await container.finished;
  services.events.tell('stop', record);
}

/** Unpauses a container. If the guest does not resume a container in a pod, the stop continues all the same. */
async function letGo(services: ContainerServices, container: Container): Promise<void> {
  const { record } = container;
  try {
    await unpauseContainer(services, container, 'end');
  } catch (error) {
    if (!record.isStill || errorCode(error) === 'ERR_CONTAINER_POD') throw error;
    services.log.warn(`Container ${record.name} is ended while it is paused`, { error });
  }
}

/** A guest that has much to release may take this long. */
const KILL_MS = 15_000;

function stopSignalOf({ options, stopSignal }: ContainerRecord): number {
  return options?.stopSignal ?? stopSignal ?? constants.signals.SIGTERM;
}

/** Stops a running container, and starts it. */
export async function restartContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  timeoutS: number | undefined,
  client: Client,
): Promise<void> {
  const { record } = await manager.settled(key);
  const { id } = record;
  const rm = record.rm || record.isRestarting === true;
  // The end of a --rm container would remove it.
  record.rm = false;
  if (rm) record.isRestarting = true;
  try {
    await stopContainer(services, manager, id, timeoutS);
    await startContainer(services, manager, id, { attach: false, interactive: false }, client);
  } finally {
    delete record.isRestarting;
    await manager.get(id)?.update({ rm });
    // The end of a --rm container would have removed it.
    if (rm && manager.get(id) && hasEnded(record)) await manager.remove(id, false, true);
  }
  services.events.tell('restart', record);
}
