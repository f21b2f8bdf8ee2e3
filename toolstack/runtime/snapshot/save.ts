// SPDX-License-Identifier: Apache-2.0
// Saves the domain of a container to a checkpoint's file, with its disk and its fid snapshot. Both front ends save by this function.

import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Undo } from '../../base/undo.js';
import { VERSION } from '../../base/version.js';
import {
  writeCheckpoint,
  type CheckpointHeader,
  type CheckpointSource,
  type SavedFids,
  type WriteOptions,
} from '../../checkpoint/index.js';
import { closeFd } from '../../clone/template/memfd.js';
import { copySandbox, saveSandbox, type Copied } from '../../sandbox/snapshot/copy-sandbox.js';
import { removeCopy } from '../../sandbox/snapshot/copy-disk.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import { sealFids } from './fid-snapshot.js';

/** The parts of a header that describe the container. */
export type Description = Pick<CheckpointHeader, 'container' | 'oci' | 'layers'>;

/** The paths are absolute: that of the checkpoint's file, and that of a new fid snapshot. The container is described after it is copied. */
export type SaveRequest = WriteOptions & { path: string; inGuest: string } & (
    | { stash: string; describe: (fids: SavedFids) => Description }
    | { stash?: undefined; describe: () => Description }
  ) & { sandbox: SandboxRecord; leavesRunning: boolean };

/** Runs `work` while nothing else changes the container. The signal that `work` gets also aborts when the container ends. */
export type Exclusively = <T>(
  work: (sandbox: Sandbox, signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/**
 * Resolves when the file is whole. The domain stays frozen until then, and only destroy() may follow. With `leavesRunning` the domain resumes once it
 * is copied. Rejects as copySandbox() and writeCheckpoint() do, and with ERR_DISK_RESERVE: then the domain runs on, and no new file is left.
 */
export async function saveDomain(
  services: SandboxServices,
  request: SaveRequest,
  exclusively: Exclusively,
): Promise<void> {
  const { path, inGuest: container, stash, leavesRunning, onProgress } = request;
  const host = await services.templates.traits();
  const held = { container, stash };
  const { reserve } = services;
  const action = `write a checkpoint to ${path}`;
  // Before the container is frozen for nothing.
  await reserve.check(dirname(path), action);
  const write = (copied: Copied, given: AbortSignal): Promise<void> =>
    reserve.guarding(dirname(path), action, given, async (signal) =>
      writeCheckpoint(path, await sourceOf(request, copied, host), { signal, onProgress }),
    );
  await Undo.guard(services.host.log, async (undo) => {
    if (stash !== undefined) undo.push(stash, () => rm(stash, { force: true }));
    if (!leavesRunning)
      return exclusively((sandbox, signal) =>
        saveSandbox(services, sandbox, held, signal, (copied) => write(copied, signal)),
      );
    const copied = await exclusively((sandbox, signal) =>
      copySandbox(services, sandbox, held, signal),
    );
    try {
      await write(copied, request.signal);
    } finally {
      closeFd(copied.fd);
      await removeCopy(copied.running?.upper);
    }
  });
}

async function sourceOf(
  request: SaveRequest,
  { shape, running, memTotalKib, fd, bytes, dataPages }: Copied,
  host: CheckpointHeader['host'],
): Promise<CheckpointSource> {
  const { memoryKib, inMemory, layers } = request.sandbox;
  const description =
    request.stash === undefined
      ? request.describe()
      : request.describe(await sealFids(request.stash));
  return {
    about: {
      thaw: VERSION,
      created: Date.now(),
      host,
      ...description,
      domain: {
        shape,
        memTotalKib,
        vcpus: running?.vcpus ?? 1,
        // xl may have given the domain more memory.
        memoryKib: Math.max(memoryKib, shape.memoryKib),
        inMemory: inMemory || layers.length === 0,
      },
    },
    memory: { fd, bytes, dataPages },
    disk: running?.upper,
  };
}
