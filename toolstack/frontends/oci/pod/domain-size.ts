// SPDX-License-Identifier: Apache-2.0
// Sets the size of a domain that several containers share. The pod's annotations name it, and it is never less than its containers' limits.

import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { POD_MEMORY_BYTES } from '../../../runtime/pod/index.js';
import { sizeSettled } from '../../../runtime/resize/change-limits.js';
import { resizeMemory } from '../../../sandbox/size/resize.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { BundleConfig } from '../config/config.js';
import type { OciContainer } from '../container/container.js';
import { limitsOf } from '../config/limits.js';
import { isPodSandbox, membersOf } from './pod.js';
import { nameInGuest, type OciLimits } from '../container/record.js';

/** Memory for a guest's kernel, its agent and the pod's first container. */
const GUEST_BYTES = 64 * 2 ** 20;

/** Returns the requested size, by linux.resources and the pod's annotations (containerd's pkg/cri/annotations). Throws ERR_OCI_CONFIG. Pure. */
export function domainLimits({
  annotations,
  resources,
}: Pick<BundleConfig, 'annotations' | 'resources'>): OciLimits {
  const own = limitsOf(resources);
  if (!isPodSandbox(annotations)) return own;
  const figure = (name: string): number => {
    const value = Number(annotations[`io.kubernetes.cri.sandbox-${name}`]);
    return value > 0 ? value : 0;
  };
  const memory = figure('memory');
  const quota = figure('cpu-quota');
  const period = figure('cpu-period');
  return {
    memoryBytes: memory > 0 ? memory + GUEST_BYTES : POD_MEMORY_BYTES,
    ...(quota > 0 && period > 0 ? { cpus: Math.ceil(quota / period) } : {}),
    ...own,
  };
}

/** Grows the domain to the sum of its containers' limits, where it is smaller. Rejects as resizeMemory() does. */
export function fitDomain(
  services: SandboxServices,
  owner: OciContainer,
  containers: Iterable<OciContainer>,
): Promise<void> {
  return owner.exclusive(async () => {
    const sandbox = owner.domain?.sandbox;
    if (!sandbox) return;
    await sizeSettled(sandbox, sandbox);
    const toKib = membersKib(owner, containers);
    if (toKib <= sandbox.record.memoryKib) return;
    await resizeMemory(services, sandbox, toKib, nameInGuest(owner.record));
    await owner.update({});
  });
}

/** Returns the KiB that the other containers' limits need; 0 where none has a limit. */
export function membersKib(owner: OciContainer, containers: Iterable<OciContainer>): number {
  const lived = membersOf(owner, containers).filter(({ record }) => !hasEnded(record));
  const bytes = lived.reduce((sum, { record }) => sum + (record.limits.memoryBytes ?? 0), 0);
  return bytes === 0 ? 0 : Math.ceil((bytes + GUEST_BYTES) / 4096) * 4;
}
