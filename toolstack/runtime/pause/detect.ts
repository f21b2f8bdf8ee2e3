// SPDX-License-Identifier: Apache-2.0
// Detects pauses that thaw did not make: xl may pause and unpause a domain. Xen knows whether a container is paused, except for a
// container in a pod whose cgroup alone is frozen.

import { describeError } from '../../base/errors.js';
import type { Container } from '../lifecycle/container.js';
import { advance } from '../lifecycle/lifecycle.js';
import type { Events } from '../lifecycle/events.js';
import type { SandboxServices } from '../../sandbox/services.js';

interface Services {
  sandbox: Pick<SandboxServices, 'host'>;
  events: Events;
}

/** Updates the states of running and paused containers. Never rejects: without Xen's answer a state stays as it is. */
export async function noticePauses(
  services: Services,
  containers: Iterable<Container>,
): Promise<void> {
  const { host } = services.sandbox;
  const looked = [...containers]
    .filter(({ sandbox }) => sandbox !== undefined)
    .map((container) => ({ container, before: container.record.state }))
    .filter(({ before }) => before === 'running' || before === 'paused');
  if (looked.length === 0) return;
  const domains = await host.libxl.listDomains().catch((error: unknown) => {
    host.log.warn(`Cannot look which domains are paused: ${describeError(error)}`);
    return [];
  });
  for (const { container, before } of looked) {
    const { record, sandbox } = container;
    const domain = domains.find(({ domid }) => domid === sandbox?.domid);
    // The container may have ended meanwhile, or thaw may have paused it.
    if (!domain || domain.uuid !== record.sandbox.uuid || record.state !== before) continue;
    if (record.isStill !== true) set(services, container, domain.paused);
  }
}

/** Changes the state in memory only: the next thawd asks Xen. */
function set({ events }: Services, { record }: Container, paused: boolean | undefined): void {
  const isPaused = record.state === 'paused';
  if (paused === isPaused || paused === undefined) return;
  advance(record, paused ? 'pause' : 'resume');
  if (!paused) delete record.diskPause;
  events.tell(paused ? 'pause' : 'unpause', record);
}
