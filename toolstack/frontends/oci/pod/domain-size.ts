// SPDX-License-Identifier: Apache-2.0
// How large is a domain that several containers share? As large as whoever made the pod said, and never less than its containers may use.

import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { POD_MEMORY_BYTES } from '../../../runtime/pod/index.js';
import { resizeMemory } from '../../../sandbox/size/resize.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { BundleConfig } from '../config/config.js';
import type { OciContainer } from '../container/container.js';
import { limitsOf } from '../config/limits.js';
import { isPodSandbox, membersOf } from './pod.js';
import { nameInGuest, type OciLimits } from '../container/record.js';

/** What a guest has beside its containers: its kernel, agent and first container. */
const GUEST_BYTES = 64 * 2 ** 20;

/** What the domain of a container is asked to have, its pod's annotations included (containerd's pkg/cri/annotations). Throws ERR_OCI_CONFIG. Pure. */
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

/** Grows it to what the limits of all in it come to, if it has less. Rejects as resizeMemory() does. */
export function fitDomain(
  services: SandboxServices,
  owner: OciContainer,
  containers: Iterable<OciContainer>,
): Promise<void> {
  return resizeDomain(services, owner, containers, (nowKib) => nowKib);
}

/** Gives it what `wanted` makes of its size, and what its containers need at the least; one change after the other. Rejects as resizeMemory() does. */
export function resizeDomain(
  services: SandboxServices,
  owner: OciContainer,
  containers: Iterable<OciContainer>,
  wanted: (nowKib: number) => number,
): Promise<void> {
  const resized = owner.sizing.then(async () => {
    const sandbox = owner.domain?.sandbox;
    if (!sandbox) return;
    // A size that it is still to get, or that is still to be written, would come in between.
    await sandbox.grown;
    await sandbox.written();
    const { memoryKib } = sandbox.record;
    const toKib = Math.max(wanted(memoryKib), membersKib(owner, containers));
    if (toKib === memoryKib) return;
    await resizeMemory(services, sandbox, toKib, nameInGuest(owner.record));
    await owner.update({});
  });
  owner.sizing = resized.catch(() => undefined);
  return resized;
}

/** 0 where nobody else is in it who has a limit. */
function membersKib(owner: OciContainer, containers: Iterable<OciContainer>): number {
  const lived = membersOf(owner, containers).filter(({ record }) => !hasEnded(record));
  const bytes = lived.reduce((sum, { record }) => sum + (record.limits.memoryBytes ?? 0), 0);
  return bytes === 0 ? 0 : Math.ceil((bytes + GUEST_BYTES) / 4096) * 4;
}
