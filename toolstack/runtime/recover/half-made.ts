// SPDX-License-Identifier: Apache-2.0
// Says how far an earlier thawd had come with a start, and releases what a start that is undone leaves.

import { membershipOf } from '../membership/choose-membership.js';
import type { ContainerServices } from '../store/containers.js';
import type { ContainerRecord } from '../store/record.js';
import { processesOf } from './reattach.js';

export type Beginning = 'begun' | 'waiting' | 'no shim';

/**
 * Resolves with `begun` when the shim reports the program as begun, or has written its end; with `waiting` when the program has not begun
 * or the shim does not answer; with `no shim` when there is none.
 */
export async function beginningOf(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Beginning> {
  const written = await services.records.readStatus(record.id);
  if (written && 'exit' in written) return 'begun';
  const answer = await membershipOf(services, record).ask(async (shim): Promise<Beginning> => {
    const status = await shim.status().catch(() => undefined);
    const first = status && processesOf(record.place?.slot, status).first;
    return first?.hasBegun === true ? 'begun' : 'waiting';
  });
  return answer ?? 'no shim';
}

/** Releases the container's parts of its sandbox, with the domain where that is its own. `hasShim` says whether a shim may answer. Never rejects. */
export async function releaseFound(
  services: ContainerServices,
  record: ContainerRecord,
  hasShim = true,
): Promise<void> {
  const membership = membershipOf(services, record);
  const sandbox = hasShim ? await membership.find(NOTHING) : undefined;
  await sandbox?.destroy();
  await membership.release();
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
