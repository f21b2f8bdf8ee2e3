// SPDX-License-Identifier: Apache-2.0
// Xen knows whether a container is paused, unless it is frozen by itself in its pod: xl may have paused its domain, or let it go,
// without thaw.

import { describeError } from '../../base/errors.js';
import type { Container } from '../lifecycle/container.js';
import { advance } from '../lifecycle/lifecycle.js';
import type { Events } from '../lifecycle/events.js';
import type { SandboxServices } from '../../sandbox/services.js';

interface Services {
  sandbox: Pick<SandboxServices, 'host'>;
  events: Events;
}

/** Brings the states of containers that run or are paused up to date. Never rejects: without Xen's answer a state stays as it is. */
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
    // It may have been paused by thaw meanwhile, or have ended.
    if (!domain || domain.uuid !== record.sandbox.uuid || record.state !== before) continue;
    if (record.isStill !== true) set(services, container, domain.paused);
  }
}

/** Nothing is written down: the next thawd asks Xen. */
function set({ events }: Services, { record }: Container, paused: boolean | undefined): void {
  const isPaused = record.state === 'paused';
  if (paused === isPaused || paused === undefined) return;
  advance(record, paused ? 'pause' : 'resume');
  events.tell(paused ? 'pause' : 'unpause', record);
}
