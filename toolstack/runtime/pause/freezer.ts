// SPDX-License-Identifier: Apache-2.0
// Pauses and resumes a container: by its cgroup, which the guest's agent freezes, by its domain, which Xen pauses, or by both.

import { withDeadline } from '../../base/deadline.js';
import { askLimit } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import { hasEnded, isUp, type HasState, type LifecycleEvent } from '../lifecycle/lifecycle.js';

/** A live guest answers within this time, also on a busy host. */
const FREEZE_MS = 3000;
/** xl may have paused the domain more than once. */
const PAUSES_MAX = 10;

type Libxl = SandboxServices['host']['libxl'];
export type PauseCalls = Pick<Libxl, 'domainPause' | 'domainInfo' | 'xcDomainUnpause'>;

/** A container of the administrator or of a container engine. */
export interface Pausable {
  readonly record: HasState & {
    /** True when the cgroup is frozen or is about to be. The next thawd relies on it. */
    isStill?: boolean;
    /** Set while thaw keeps the domain paused for want of disk space. */
    diskPause?: object | undefined;
  };
  sandbox: ContainerSandbox | undefined;
  update(change: { isStill?: boolean }): Promise<void>;
  transition(event: LifecycleEvent): Promise<void>;
}

export interface Pausing {
  libxl: PauseCalls;
  /** The agent's name for the container. */
  inGuest: string;
  /** Returns the front end's error for a container that ends meanwhile. */
  refusal: () => Error;
}

/**
 * Pauses a running container. `cgroup`: the domain and its other containers run on. `both`: the domain is paused even when the guest
 * does not freeze the cgroup. Rejects with the refusal, and for `cgroup` as the agent does. The container then runs on.
 */
export async function pause(
  container: Pausable,
  sandbox: ContainerSandbox,
  pausing: Pausing,
  by: 'cgroup' | 'domain' | 'both',
): Promise<void> {
  const { libxl, inGuest, refusal } = pausing;
  if (by === 'cgroup') await freeze(container, sandbox, inGuest);
  else if (by === 'domain') await libxl.domainPause(sandbox.domid);
  else {
    const frozen = freeze(container, sandbox, inGuest);
    await withDeadline(frozen, FREEZE_MS, 'Its cgroup').catch(() => undefined);
    if (hasEnded(container.record)) throw refusal();
    try {
      await libxl.domainPause(sandbox.domid);
    } catch (error) {
      await unfreezeLate(container, sandbox, inGuest);
      throw error;
    }
  }
  checkRuns(container, sandbox, refusal);
  await container.transition('pause');
}

/** Selects the parts of a paused container that resume. */
export interface Resuming {
  /** False for the domain of a pod. */
  domain: boolean;
  /** False when the processes stay frozen until the agent resumes them. */
  processes: boolean;
}

/** Resumes the selected parts. Rejects with the refusal, and as the agent does. */
export async function resume(
  container: Pausable,
  sandbox: ContainerSandbox,
  { libxl, inGuest, refusal }: Pausing,
  { domain, processes }: Resuming,
): Promise<void> {
  const { record } = container;
  if (domain) await unpauseDomain(libxl, sandbox.domid);
  if (processes && record.isStill === true) await setFrozen(inGuest, sandbox, false);
  checkRuns(container, sandbox, refusal);
  delete record.isStill;
  delete record.diskPause;
  await container.transition('resume');
}

/** Unpauses a domain until it runs: Xen counts pauses, and xl may have paused or unpaused the domain as well. */
export async function unpauseDomain(
  libxl: Pick<PauseCalls, 'domainInfo' | 'xcDomainUnpause'>,
  domid: ContainerSandbox['domid'],
): Promise<void> {
  for (let count = 0; count < PAUSES_MAX; count++) {
    if (!(await libxl.domainInfo(domid)).paused) return;
    await libxl.xcDomainUnpause(domid);
  }
}

/** Freezes or resumes the processes of one container, while its domain runs on. Idempotent. Rejects as askLimit() does. */
export async function setFrozen(
  container: string,
  sandbox: ContainerSandbox,
  isFrozen: boolean,
): Promise<void> {
  const rest = { cpuMax: '', pidsMax: '', memoryMax: '' };
  await askLimit(await sandbox.agent(), { ...rest, container, freeze: isFrozen ? '1' : '0' });
}

/** Freezes the cgroup. Writes the record first, so that the next thawd finishes the freeze. */
async function freeze(
  container: Pausable,
  sandbox: ContainerSandbox,
  inGuest: string,
): Promise<void> {
  await container.update({ isStill: true });
  try {
    await setFrozen(inGuest, sandbox, true);
  } catch (error) {
    await unfreezeLate(container, sandbox, inGuest);
    throw error;
  }
}

/** Undoes a failed pause: the guest may still freeze the cgroup, and unfreezes it after that. */
async function unfreezeLate(
  container: Pausable,
  sandbox: ContainerSandbox,
  inGuest: string,
): Promise<void> {
  // The record of a container that has ended may be removed already.
  if (!isUp(container.record)) return;
  delete container.record.isStill;
  void setFrozen(inGuest, sandbox, false).catch(() => undefined);
  await container.update({});
}

/** Throws the refusal for a container that ended while the guest or Xen was asked. */
function checkRuns(container: Pausable, before: ContainerSandbox, refusal: () => Error): void {
  if (!isUp(container.record) || container.sandbox !== before) throw refusal();
}
