// SPDX-License-Identifier: Apache-2.0
// pause and resume: its processes stand still by their cgroup, and then the domain with all that is in it; of several in a domain one does so by
// its cgroup alone.

import { withDeadline } from '../../../base/deadline.js';
import { askLimit } from '../../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { OciContainer } from '../container/container.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { savingError, stateError } from '../errors.js';
import { rememberFigures } from '../engine/stats-files.js';
import { nameInGuest } from '../container/record.js';

/** Until a guest that is alive has answered, also on a busy host. */
const STILL_MS = 3000;

type Libxl = SandboxServices['host']['libxl'];
type Pauses = Pick<Libxl, 'domainPause' | 'domainInfo' | 'xcDomainUnpause'>;

/** Rejects with ERR_OCI_STATE unless it is running, and as the agent does. */
export async function pause(libxl: Pauses, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('pause', container.record);
  await pauseNow(libxl, container);
}

/** As pause(), whoever else is at it. */
export async function pauseNow(libxl: Pauses, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox || container.isPausing)
    throw stateError('pause', record);
  container.isPausing = true;
  try {
    await rememberFigures(record.cgroup);
    if (hasEnded(container.record)) throw stateError('pause', record);
    await (container.sharesDomain
      ? keepStill(container, sandbox)
      : keepDomainStill(libxl, container, sandbox));
  } catch (error) {
    container.isPausing = false;
    container.network?.changed();
    throw error;
  }
  container.isPausing = false;
  if (hasEnded(container.record)) throw stateError('pause', record);
  await container.transition('pause');
}

/** Rejects with ERR_OCI_STATE unless it is paused. */
export async function resume(libxl: Pauses, container: OciContainer): Promise<void> {
  if (container.isSaving) throw savingError('resume', container.record);
  await resumeNow(libxl, container);
}

/** As resume(), whoever else is at it. */
export async function resumeNow(libxl: Pauses, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('resume', record);
  await unpause(libxl, sandbox);
  if (record.isStill === true) {
    await freeze(nameInGuest(record), sandbox, '0');
    delete record.isStill;
  }
  if (hasEnded(container.record)) throw stateError('resume', record);
  await container.transition('resume');
  // Nobody could tell the guest meanwhile.
  container.network?.changed();
}

/**
 * Has a domain that is paused go on so that its agent can be asked, and its processes stand still in it as they did, until the agent lets them go, or
 * pauseNow(). Rejects as resumeNow() does.
 */
export async function wakeStill(libxl: Pauses, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('resume', record);
  await unpause(libxl, sandbox);
  if (hasEnded(container.record)) throw stateError('resume', record);
  delete record.isStill;
  await container.transition('resume');
}

/** Xen counts, and xl may have paused it as well, or let it go. */
async function unpause(libxl: Pauses, { domid }: Pick<ContainerSandbox, 'domid'>): Promise<void> {
  for (let count = 0; count < 10; count++) {
    if (!(await libxl.domainInfo(domid)).paused) break;
    await libxl.xcDomainUnpause(domid);
  }
}

/** A guest that does not have its processes stand still does so all the same, with them wherever they are. */
async function keepDomainStill(
  libxl: Pauses,
  container: OciContainer,
  sandbox: ContainerSandbox,
): Promise<void> {
  const still = keepStill(container, sandbox);
  await withDeadline(still, STILL_MS, 'It does not stand still').catch(() => undefined);
  if (hasEnded(container.record)) throw stateError('pause', container.record);
  try {
    await libxl.domainPause(sandbox.domid);
  } catch (error) {
    await goOnAgain(container, sandbox);
    throw error;
  }
}

/** Written down first: the next thawd knows then what this one began. */
async function keepStill(container: OciContainer, sandbox: ContainerSandbox): Promise<void> {
  const { record } = container;
  await container.update({ isStill: true });
  try {
    await freeze(nameInGuest(record), sandbox, '1');
  } catch (error) {
    await goOnAgain(container, sandbox);
    throw error;
  }
}

/** The guest may do late what it was asked, and goes on behind it. */
async function goOnAgain(container: OciContainer, sandbox: ContainerSandbox): Promise<void> {
  const { record } = container;
  // Of one that has ended nothing more is written down: it may be deleted.
  if (hasEnded(container.record)) return;
  delete record.isStill;
  void freeze(nameInGuest(record), sandbox, '0').catch(() => undefined);
  await container.update({});
}

async function freeze(
  container: string,
  sandbox: ContainerSandbox,
  value: '0' | '1',
): Promise<void> {
  const rest = { cpuMax: '', pidsMax: '', memoryMax: '' };
  await askLimit(await sandbox.agent(), { ...rest, container, freeze: value });
}
