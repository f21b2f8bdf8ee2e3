// SPDX-License-Identifier: Apache-2.0
// What a clone that is somebody still needs before a container can start: a root filesystem, its memory and vCPUs, and its streams.

import type { AgentLink } from '../agent/link.js';
import { encodeMount, AgentType } from '../agent/wire.js';
import type { Steps } from '../base/steps.js';
import { attachDevices, type Device } from '../xen/devices.js';
import { raiseMemoryLimit } from '../xen/memory.js';
import { grow } from './grow.js';
import { injectLayers } from './layers.js';
import { all, type Ready } from './ready.js';
import type { SandboxRecord } from './record.js';
import { ROOTFS, WAKE_MS } from './sandbox.js';
import type { SandboxServices } from './services.js';

const MOUNT_MS = 90_000;

export interface EquipRequest {
  record: SandboxRecord;
  /** The layers as MOUNT calls them. */
  guestNames: string[];
  /** Devices that are not there yet. */
  plug: readonly Device[];
  steps: Steps;
  /** Aborts when the client went away or the guest is lost: the rest then rejects. */
  signal: AbortSignal;
}

/** Side by side: layers and their mount, growth, the shim's data channel. Settles when all of it has. */
export async function equip(
  services: SandboxServices,
  ready: Ready,
  { record, guestNames, plug, steps, signal }: EquipRequest,
): Promise<void> {
  const { host } = services;
  const { domid, shim, link } = ready;
  const stop = (): void => link.close();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // First, so that a guest whose memory the layers fill is one that grows.
    const growing = steps.time('grow', growTo(services, ready, record));
    injectLayers(shim, record);
    await all([
      steps.time('plug', plug.length > 0 ? attachDevices(host, domid, plug) : Promise.resolve()),
      steps.time('mount', mount(link, guestNames, record.memoryKib)),
      growing,
      steps.time('data', shim.waitUp(WAKE_MS)),
    ]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A clone that waited was made for no more than it has. */
async function growTo(
  { host }: SandboxServices,
  { domid, link, template, record: made }: Ready,
  want: SandboxRecord,
): Promise<void> {
  if (want.memoryKib > made.memoryKib) {
    const limits = { type: want.type, vcpus: template.shape.vcpus, maxMemoryKib: want.memoryKib };
    await raiseMemoryLimit(host, domid, limits);
  }
  await grow(host, domid, link, template, want);
}

/** Without layers the root filesystem was frozen with the guest. */
async function mount(link: AgentLink, layers: string[], memoryKib: number): Promise<void> {
  if (layers.length === 0) return;
  const request = encodeMount({
    rootfs: ROOTFS,
    devices: layers,
    timeoutMs: MOUNT_MS,
    upperKib: Math.floor(memoryKib / 2),
  });
  await link.request(AgentType.MOUNT, request, 'the root filesystem', MOUNT_MS + 5000);
}
