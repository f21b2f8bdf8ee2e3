// SPDX-License-Identifier: Apache-2.0
// thaw wait: waits for a container's end and returns its exit status.

import { shellStatus } from '../../api/wire.js';
import { hasEnded } from './lifecycle.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';

/**
 * Resolves with the exit status as soon as the container has ended, at once if it has already, and with -1 for an unknown status. Also waits
 * for a container that never ran. Rejects with ERR_CONTAINER_NOT_FOUND, and when `signal` aborts.
 */
export async function waitFor(
  { events }: ContainerServices,
  manager: ContainerManager,
  key: string,
  signal: AbortSignal,
): Promise<number> {
  const { record } = manager.find(key);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const stop = events.listen(({ id, action, exitStatus = -1 }) => {
      if (id !== record.id) return;
      if (action === 'died') settle(() => resolve(exitStatus));
      else if (action === 'remove') settle(() => resolve(statusOf(record)));
    });
    const settle = (how: () => void): void => {
      stop();
      signal.removeEventListener('abort', onAbort);
      how();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (hasEnded(record)) settle(() => resolve(statusOf(record)));
  });
}

function statusOf({ exit }: ContainerRecord): number {
  return exit ? shellStatus(exit) : -1;
}
