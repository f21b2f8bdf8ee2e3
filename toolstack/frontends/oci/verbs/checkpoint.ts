// SPDX-License-Identifier: Apache-2.0
// checkpoint: writes a running container to a folder of two files, its domain's memory and its open files of dom0, and ends it.

import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../../api/client.js';
import { checkTarget, type SavedFids, type SavedOci } from '../../../checkpoint/index.js';
import { saveDomain, type SaveRequest } from '../../../runtime/snapshot/save.js';
import { INTERFACE } from '../../../sandbox/boot/connect.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';
import { checkpointError, refusal, savingError, stateError } from '../errors.js';
import { pauseNow, wakeFrozen } from './pause.js';
import { nameInGuest, type OciRecord } from '../container/record.js';
import { MEMORY_FILE, newFiles, removeOthers, type CheckpointFolder } from './checkpoint-folder.js';

export interface CheckpointRequest {
  /** An absolute path. checkpoint() makes the folder where it does not exist. */
  imagePath: string;
  leavesRunning: boolean;
}

/**
 * Resolves when the folder has the whole checkpoint and the container has ended as by SIGKILL. With `leavesRunning` the container continues once it
 * is copied. Rejects with ERR_OCI_STATE, with ERR_OCI_CHECKPOINT for a container that a copy cannot continue, and as writeCheckpoint() does. After a
 * rejection the container runs on, and the folder has its earlier content.
 */
export async function checkpoint(
  services: OciServices,
  container: OciContainer,
  { imagePath, leavesRunning }: CheckpointRequest,
  client: Client,
): Promise<void> {
  const { record } = container;
  const { libxl } = services.sandbox.host;
  const sandbox = sandboxOf(container);
  const wasPaused = record.state === 'paused';
  container.isSaving = container.isPausing = true;
  const saving = newFiles(imagePath);
  try {
    await mkdir(imagePath, { recursive: true, mode: 0o700 });
    await checkTarget(join(imagePath, MEMORY_FILE));
    // The record tells the next thawd of a checkpoint that this one began.
    await container.update({ saving: { ...saving, ends: !leavesRunning, wasPaused } });
    // containerd pauses a container before its checkpoint, and already has its output. A paused domain does not answer: wake it, but not the
    // processes.
    if (wasPaused) await wakeFrozen(libxl, container);
    await save(services, container, sandbox, { ...saving, leavesRunning }, client);
    await removeOthers(saving);
  } catch (error) {
    throw refusal(record, error);
  } finally {
    container.isSaving = container.isPausing = false;
    delete record.saving;
    if (!sandbox.isOver && record.state === 'running') {
      // The guest could not hear of changes of its network during the checkpoint.
      container.network?.changed();
      await (wasPaused ? pauseNow(libxl, container) : container.update({})).catch(
        (error: unknown) => {
          const { log } = services.sandbox.host;
          log.error(
            `OCI container ${record.id} is not restored to its state before the checkpoint`,
            {
              error,
            },
          );
        },
      );
    }
  }
  if (!leavesRunning)
    await container.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
}

async function save(
  { sandbox: services }: OciServices,
  container: OciContainer,
  sandbox: Sandbox,
  { folder, stash, leavesRunning }: CheckpointFolder & { leavesRunning: boolean },
  client: Client,
): Promise<void> {
  const { record } = container;
  const gone = new AbortController();
  void container.finished.then(() => gone.abort(stateError('checkpoint', record)));
  const signal = AbortSignal.any([client.signal, gone.signal]);
  const request: SaveRequest = {
    path: join(folder, MEMORY_FILE),
    sandbox: record.sandbox,
    stash: join(folder, stash),
    inGuest: nameInGuest(record),
    leavesRunning,
    signal,
    onProgress: () => undefined,
    describe: (fids) => ({ layers: [], oci: savedOf(record, fids) }),
  };
  await saveDomain(services, request, (work) => work(sandbox, signal));
}

function savedOf(record: OciRecord, stash: SavedFids): SavedOci {
  const { flags, guestPid = 1, firstInterface = INTERFACE, sandbox } = record;
  const { hostname, files = [] } = sandbox;
  return {
    hostname,
    flags,
    guestPid,
    inGuest: nameInGuest(record),
    stash,
    interface: firstInterface,
    readOnly: files.map(({ readOnly }) => readOnly),
  };
}

/** Returns the sandbox of a container that can be copied. Throws ERR_OCI_STATE and ERR_OCI_CHECKPOINT for reasons that are known beforehand. */
function sandboxOf(container: OciContainer): Sandbox {
  const { record, domain, ownsDomain, sharesDomain, isPausing, isSaving } = container;
  if (isSaving) throw savingError('checkpoint', record);
  const isAlive = record.state === 'running' || record.state === 'paused';
  if (!isAlive || !domain || isPausing) throw stateError('checkpoint', record);
  const { devices, layers } = record.sandbox;
  const links = record.links ?? [];
  const why =
    !ownsDomain || sharesDomain
      ? 'it shares its domain with others; only one that has a domain to itself can be copied'
      : devices
        ? 'it has a block device of the host, to which a copy would write as well'
        : layers.length > 0
          ? 'its root filesystem is EROFS, as its annotations say; run it without io.thaw.rootfs'
          : links.some(({ devid }) => devid > 0)
            ? 'it has, or had, more than one network interface, and would have one; connect it to one network as it is made'
            : links.some(({ link }) => link.name === '')
              ? 'its network is being changed; try again'
              : undefined;
  if (why === undefined) return domain.sandbox;
  throw checkpointError(record, why);
}
