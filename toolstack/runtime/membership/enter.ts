// SPDX-License-Identifier: Apache-2.0
// Enters the sandbox of an administrator's container: makes a domain for it, or takes a slot in its pod's domain.

import type { Steps } from '../../base/steps.js';
import type { Template } from '../../clone/template/template.js';
import { createSandbox } from '../../sandbox/create/create.js';
import { upperKibOf } from '../../sandbox/boot/layers.js';
import type { Pool } from '../../sandbox/pool/pool.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { Container } from '../lifecycle/container.js';
import type { Pod } from '../pod/index.js';

export interface Entering {
  /** Work beside the sandbox's own, once its shim can be asked. */
  meanwhile: (made: ContainerSandbox) => Promise<void>;
  /** Aborts when the caller no longer wants the container. */
  signal: AbortSignal | undefined;
  steps: Steps;
}

export type Enter = (
  services: { sandbox: SandboxServices; pool: Pool },
  container: Container,
  entering: Entering,
) => Promise<ContainerSandbox>;

/** Makes a domain for the container alone, from the frozen image's template where there is one. */
export function ownDomain(frozen?: Template): Enter {
  return ({ sandbox, pool }, { record, shimEvents: events }, { meanwhile, signal }) =>
    createSandbox(sandbox, pool, record.sandbox, {
      events,
      meanwhile,
      signal,
      connectsLater: true,
      frozen,
    });
}

/** Takes a slot in the pod's domain, and records it. */
export function podDomain(pod: Pod): Enter {
  return (_services, container, { meanwhile, signal, steps }) => {
    const { inGuest: name, sandbox } = container.record;
    const { layers, disk, files = [] } = sandbox;
    return pod.enter({
      name,
      layers,
      disk,
      files,
      upperKib: upperKibOf(sandbox),
      events: container.shimEvents,
      signal,
      steps,
      onSlot: async (member) => {
        container.takeSlot(member.place);
        const { uuid, type, domid } = pod.record.sandbox ?? sandbox;
        Object.assign(sandbox, { uuid, type, domid });
        await meanwhile(member);
      },
    });
  };
}
