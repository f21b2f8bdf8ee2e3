// SPDX-License-Identifier: Apache-2.0
// pause and resume: the cgroup is frozen, then the domain paused with all that is in it; of several containers in a domain
// only the cgroup is frozen.

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
import { rememberFigures } from '../engine/stats-files.js';
import { savingError, stateError } from '../errors.js';

/** Rejects with ERR_OCI_STATE unless it is running, and as the agent does. */
export async function pause(libxl: PauseCalls, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('pause', container.record);
  await pauseNow(libxl, container);
}

/** Pauses it even while it is being checkpointed. Rejects as pause() does. */
export async function pauseNow(libxl: PauseCalls, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox || container.isPausing)
    throw stateError('pause', record);
  container.isPausing = true;
  let isPaused = false;
  try {
    await rememberFigures(record.cgroup);
    if (hasEnded(record)) throw stateError('pause', record);
    const by = container.sharesDomain ? 'cgroup' : 'both';
    await pauseBy(container, sandbox, pausingOf(libxl, container, 'pause'), by);
    isPaused = true;
  } finally {
    container.isPausing = false;
    // Its guest could not be told what its network became meanwhile.
    if (!isPaused) container.network?.changed();
  }
}

/** Rejects with ERR_OCI_STATE unless it is paused. */
export async function resume(libxl: PauseCalls, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('resume', container.record);
  await resumeParts(libxl, container, { domain: true, processes: true });
  // Its guest could not be told what its network became meanwhile.
  container.network?.changed();
}

/**
 * Lets the domain of a paused container go on, so that its agent can be asked, while its processes stay frozen until the agent
 * lets them go, or until pauseNow(). Rejects as resume() does, also for a container that is being checkpointed.
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
