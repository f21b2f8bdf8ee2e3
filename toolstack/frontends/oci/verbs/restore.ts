// SPDX-License-Identifier: Apache-2.0
// restore: makes a container of a bundle that continues from a checkpoint, of this container or of another one.

import { join } from 'node:path';
import type { Client } from '../../../api/client.js';
import { ProcessFlag } from '../../../api/wire.js';
import { errorMessage } from '../../../base/errors.js';
import { writeAtomic } from '../../../base/files.js';
import {
  CheckpointError,
  unpackTemplate,
  type CheckpointHeader,
  type SavedOci,
} from '../../../checkpoint/index.js';
import { checkFids } from '../../../runtime/snapshot/fid-snapshot.js';
import {
  checkSize,
  withCheckpoint,
  withTemplate,
} from '../../../runtime/snapshot/lend-checkpoint.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import { enterCgroup } from '../engine/cgroup.js';
import type { OciContainer } from '../container/container.js';
import { beforeStart, beginNetwork, standIn } from './create.js';
import type { OciServices } from '../services.js';
import { makeOwn } from '../pod/enter.js';
import { fileTrouble, OciError, stateError } from '../errors.js';
import type { CreateRequest, OciPlan } from '../config/plan.js';
import { beginFirst } from './start.js';
import { MEMORY_FILE } from './checkpoint-folder.js';

export interface RestoreRequest extends CreateRequest {
  /** The folder that checkpoint() made. */
  imagePath: string;
}

/**
 * Resolves when the container runs. Rejects with ERR_CHECKPOINT_FILE, _DAMAGED or _HOST, with ERR_OCI_CHECKPOINT where the bundle differs from that
 * of the checkpoint, and as create() does. The caller then undoes the container.
 */
export async function restore(
  services: OciServices,
  container: OciContainer,
  plan: OciPlan,
  { imagePath, pidFile, consoleSocket }: RestoreRequest,
  client: Client,
): Promise<void> {
  const { record } = container;
  const { config } = plan;
  const memory = join(imagePath, MEMORY_FILE);
  await withCheckpoint(services.sandbox, memory, imagePath, async (file) => {
    const saved = checkPlan(plan, file.header, imagePath);
    const stash = await checkFids(imagePath, saved.stash);
    becomeSaved(container, saved, file.header);
    record.cgroup = await enterCgroup(config.cgroupsPath);
    await services.store.save(record);
    await checkSize(services.sandbox, file.header);
    const running = { disks: [], stash, interface: saved.interface };
    const { signal } = client;
    const unpacked = await unpackTemplate(file, undefined, running, {
      signal,
      onProgress: () => undefined,
    });
    await withTemplate(services.sandbox, unpacked, async (template) => {
      const what = { config, consoleSocket };
      const stand = (made: ContainerSandbox): Promise<void> =>
        standIn(services, container, what, made, client);
      await makeOwn(services, container, signal, stand, template).catch((cause: unknown) => {
        const why = fileTrouble(errorMessage(cause), record.sandbox.files ?? []);
        throw why === undefined ? cause : cannot(imagePath, why, cause);
      });
    });
  });
  container.going.signal.throwIfAborted();
  await beforeStart(config, container, client);
  await beginNetwork(services, container);
  if (!container.sandbox) throw stateError('restore', record);
  await beginFirst(container, container.sandbox);
  container.going.signal.throwIfAborted();
  // The container may have ended since.
  if (record.state === 'creating') await container.transition('run');
  if (pidFile !== '') await writeAtomic(pidFile, String(record.pid), { lasts: false });
  container.domain?.sandbox.recordLater();
}

/** Returns the checkpoint's record of the container. Throws ERR_OCI_CHECKPOINT where shares differ, for the guest knows them by their numbers. */
function checkPlan(
  { config, guest, joining }: OciPlan,
  header: CheckpointHeader,
  path: string,
): SavedOci {
  const { oci } = header;
  if (!oci)
    throw new CheckpointError(
      'ERR_CHECKPOINT_FILE',
      `Cannot restore from ${path}: it is of a container of thaw's own; use thaw restore`,
    );
  const isSame =
    guest.files.length === oci.readOnly.length &&
    guest.files.every(({ readOnly }, index) => readOnly === oci.readOnly[index]);
  const why = joining
    ? 'it is to come into the domain of another container'
    : config.process.terminal || (oci.flags & ~ProcessFlag.STDIN) !== 0
      ? 'process.terminal is true, and it had no terminal'
      : guest.rootfs !== '9pfs' || guest.devices.length > 0
        ? 'it is to have another root filesystem, or block devices'
        : !isSame
          ? 'its mounts are not those that it had'
          : undefined;
  if (why === undefined) return oci;
  throw cannot(path, `config.json: ${why}`);
}

function cannot(path: string, why: string, cause?: unknown): OciError {
  return new OciError('ERR_OCI_CHECKPOINT', `cannot restore from ${path}: ${why}`, { cause });
}

/** Gives the record the values of the saved domain, in place of those of the bundle. */
function becomeSaved(
  { record }: OciContainer,
  saved: SavedOci,
  { domain }: CheckpointHeader,
): void {
  const { shape, vcpus, memoryKib } = domain;
  record.inGuest = saved.inGuest;
  record.guestPid = saved.guestPid;
  record.firstInterface = saved.interface;
  // The other end of the checkpointed process's stdin no longer exists.
  record.flags = saved.flags & ~ProcessFlag.STDIN;
  Object.assign(record.sandbox, {
    type: shape.type,
    vcpus,
    maxVcpus: shape.vcpus,
    memoryKib,
    growsBehind: false,
    hostname: saved.hostname,
  });
}
