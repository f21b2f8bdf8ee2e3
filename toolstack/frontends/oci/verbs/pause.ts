// SPDX-License-Identifier: Apache-2.0
// pause and resume: freezes the container's cgroup, then pauses the whole domain. Where several containers share a domain, freezes only the cgroup.

import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import {
  pause as pauseBy,
  resume as resumeBy,
  type PauseCalls,
  type Pausing,
  type Resuming,
} from '../../../runtime/pause/freezer.js';
import { nameInGuest } from '../container/record.js';
import type { OciContainer } from '../container/container.js';
import { rememberStatsFiles } from '../engine/stats-files.js';
import { savingError, stateError } from '../errors.js';

/** Rejects with ERR_OCI_STATE unless the container is running, and as the agent does. */
export async function pause(libxl: PauseCalls, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('pause', container.record);
  await pauseNow(libxl, container);
}

/** Pauses the container even during its checkpoint. Rejects as pause() does. */
export async function pauseNow(libxl: PauseCalls, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox || container.isPausing)
    throw stateError('pause', record);
  container.isPausing = true;
  let isPaused = false;
  try {
    await rememberStatsFiles(record.cgroup);
    if (hasEnded(record)) throw stateError('pause', record);
    const by = container.sharesDomain ? 'cgroup' : 'both';
    await pauseBy(container, sandbox, pausingOf(libxl, container, 'pause'), by);
    isPaused = true;
  } finally {
    container.isPausing = false;
    // The guest could not hear of changes of its network meanwhile.
    if (!isPaused) container.network?.changed();
  }
}

/** Rejects with ERR_OCI_STATE unless the container is paused. */
export async function resume(libxl: PauseCalls, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('resume', container.record);
  await resumeParts(libxl, container, { domain: true, processes: true });
  // The guest could not hear of changes of its network meanwhile.
  container.network?.changed();
}

/**
 * Resumes the domain of a paused container, so that its agent answers. The processes stay frozen until the agent thaws them, or until pauseNow().
 * Rejects as resume() does, but also works during a checkpoint.
 */
export async function wakeFrozen(libxl: PauseCalls, container: OciContainer): Promise<void> {
  await resumeParts(libxl, container, { domain: true, processes: false });
}

async function resumeParts(
  libxl: PauseCalls,
  container: OciContainer,
  parts: Resuming,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('resume', record);
  await resumeBy(container, sandbox, pausingOf(libxl, container, 'resume'), parts);
}

function pausingOf(libxl: PauseCalls, { record }: OciContainer, verb: string): Pausing {
  return { libxl, inGuest: nameInGuest(record), refusal: () => stateError(verb, record) };
}
