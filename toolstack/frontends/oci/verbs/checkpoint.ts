// SPDX-License-Identifier: Apache-2.0
// checkpoint: a container that runs becomes a folder of two files, its domain's memory and what that has open of dom0's files, and ends.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../../api/client.js';
import { checkTarget, writeCheckpoint, type SavedStash } from '../../../checkpoint/index.js';
import { closeFd } from '../../../clone/template/memfd.js';
import { copySandbox, saveSandbox, type Copied } from '../../../sandbox/copy/copy.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import { sourceOf } from './checkpoint-source.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';
import { checkpointError, refusal, savingError, stateError } from '../errors.js';
import { pauseNow, wakeFrozen } from './pause.js';
import { nameInGuest } from '../container/record.js';
import { MEMORY_FILE, sealStash, STASHES } from './fid-snapshot.js';

export interface CheckpointRequest {
  /** A folder, absolute; made where it is not there. */
  imagePath: string;
  leavesRunning: boolean;
}

/**
 * Resolves when the folder has it all and the container has ended, as one that was killed; left running, it goes on once it is copied.
 * Rejects with ERR_OCI_STATE, ERR_OCI_CHECKPOINT for what no copy can go on with, and as writeCheckpoint() does: it runs on then, and the folder
 * has what it had.
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
  const saving = { folder: imagePath, stash: `files-${randomBytes(8).toString('hex')}.img` };
  try {
    await mkdir(imagePath, { recursive: true, mode: 0o700 });
    await checkTarget(join(imagePath, MEMORY_FILE));
    // The next thawd knows then what this one began.
    await container.update({ saving: { ...saving, ends: !leavesRunning, wasPaused } });
    // containerd pauses what it saves, and nobody in a paused domain could be asked; what its processes have written it has seen.
    if (wasPaused) await wakeFrozen(libxl, container);
    await save(services, container, { sandbox, ...saving, leavesRunning }, client);
    await removeOthers(saving);
  } catch (error) {
    await rm(join(imagePath, saving.stash), { force: true });
    throw refusal(record, error);
  } finally {
    container.isSaving = container.isPausing = false;
    delete record.saving;
    if (!sandbox.isOver && record.state === 'running') {
      // What its network became meanwhile.
      container.network?.changed();
      await (wasPaused ? pauseNow(libxl, container) : container.update({})).catch(
        (error: unknown) => {
          const { log } = services.sandbox.host;
          log.error(`OCI container ${record.id} is not what it was before its checkpoint`, {
            error,
          });
        },
      );
    }
  }
  if (!leavesRunning)
    await container.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
}

interface Saving {
  sandbox: Sandbox;
  folder: string;
  stash: string;
  leavesRunning: boolean;
}

async function save(
  services: OciServices,
  container: OciContainer,
  { sandbox, folder, stash, leavesRunning }: Saving,
  client: Client,
): Promise<void> {
  const { record } = container;
  const host = await services.sandbox.templates.traits();
  const gone = new AbortController();
  void container.finished.then(() => gone.abort(stateError('checkpoint', record)));
  const signal = AbortSignal.any([client.signal, gone.signal]);
  const held = { container: nameInGuest(record), stash: join(folder, stash) };
  const write = async (copied: Copied): Promise<void> => {
    const sealed: SavedStash = await sealStash(held.stash);
    await writeCheckpoint(join(folder, MEMORY_FILE), sourceOf(record, copied, host, sealed), {
      ...{ signal, onProgress: () => undefined },
    });
  };
  if (!leavesRunning) return saveSandbox(services.sandbox, sandbox, held, signal, write);
  const copied = await copySandbox(services.sandbox, sandbox, held, signal);
  await write(copied).finally(() => closeFd(copied.fd));
}

/** Those of checkpoints that were there before. */
async function removeOthers({ folder, stash }: { folder: string; stash: string }): Promise<void> {
  for (const name of await readdir(folder))
    if (STASHES.test(name) && name !== stash) await rm(join(folder, name), { force: true });
}

/** Throws for one that cannot be copied, as far as that can be told before. */
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
