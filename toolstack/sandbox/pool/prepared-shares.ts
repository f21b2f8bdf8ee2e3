// SPDX-License-Identifier: Apache-2.0
// Prepares a clone of the pool for containers with shares: adds the memory that they need first, and a 9pfs device.

import type { Steps } from '../../base/steps.js';
import { attachDevices } from '../../xen/devices.js';
import { filesDevice, filesRings } from '../../xen/files-device.js';
import { OWN_FILES } from '../shares/shares.js';
import { growMemory } from '../size/grow.js';
import type { Ready } from '../boot/booted-clone.js';
import type { SandboxServices } from '../services.js';

/** Resolves when the guest has made the rings, which no server serves yet. The vif must be connected. Rejects as growMemory() and filesRings() do. */
export async function prepareFiles(
  { host }: Pick<SandboxServices, 'host'>,
  ready: Ready,
  memoryKib: number,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const { domid, record, template } = ready;
  // The rings need pieces of a size that a guest has only with more memory than a clone of the pool starts with.
  await steps.time(
    'memory',
    growMemory(host, ready, { memoryKib, vcpus: template.shape.vcpus }, 0),
  );
  ready.memoryKib = memoryKib;
  record.memoryKib = memoryKib;
  await steps.time('9pfs', attachDevices(host, domid, [filesDevice(OWN_FILES)]));
  ready.filesRings = await steps.time('rings', filesRings(host, domid, OWN_FILES, signal));
}
