// SPDX-License-Identifier: Apache-2.0
// Provides a container's /dev/shm. Engines bind a tmpfs of dom0, the same for containers that share it. In the guest it is a tmpfs of the guest.

import { statfs } from 'node:fs/promises';
import { AgentType } from '../../../agent/wire.js';
import { encodeShm } from '../../../agent/wire-guest.js';
import type { ContainerState } from '../../../api/container.js';
import { errorCode } from '../../../base/errors.js';
import { onceStarted } from '../../../sandbox/agent/calls.js';
import type { OciContainer } from '../container/container.js';
import { nameInGuest } from '../container/record.js';

export const SHM = '/dev/shm';

const TMPFS_MAGIC = 0x01021994;
const SHARE_MS = 30_000;
/** The states of a container that exists in its guest. */
const LIVES: readonly ContainerState[] = ['created', 'starting', 'running', 'paused'];

/** Returns the path at which the agent puts a shared /dev/shm for the container. Pure. */
export function sharedMemoryPath(key: string): string {
  return `/run/thaw/shm/${key}`;
}

/** Resolves with the mount of a tmpfs of the guest, as large as the one that dom0 has at `path`. */
export async function ownMemory(path: string): Promise<object> {
  const { bsize, blocks, type } = await statfs(path);
  const size =
    type === TMPFS_MAGIC ? `size=${Math.floor((bsize * blocks) / 1024)}k` : 'size=65536k';
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', size];
  return { destination: SHM, type: 'tmpfs', source: 'shm', options };
}

/**
 * Has the guest share a /dev/shm with the container. It is the one of that container of `others` to which the engine gave the same tmpfs. All of them
 * are in the same domain. Resolves with false where none of them has it. Rejects with ERR_AGENT_MOUNT.
 */
export async function shareMemory(
  { record: { key, shm }, sandbox }: Pick<OciContainer, 'record' | 'sandbox'>,
  others: readonly Pick<OciContainer, 'record'>[],
): Promise<boolean> {
  if (shm === undefined || !sandbox) return false;
  for (const { record } of others) {
    if (record.key === key || record.shm !== shm || !LIVES.includes(record.state)) continue;
    try {
      const link = await sandbox.agent();
      const request = encodeShm(nameInGuest(record), SHM, key);
      await onceStarted(() => link.request(AgentType.SHM, request, 'its /dev/shm', SHARE_MS));
      return true;
    } catch (error) {
      // The container that had this /dev/shm has ended since.
      if (errorCode(error) !== 'ERR_AGENT_NOENT') throw error;
    }
  }
  return false;
}
