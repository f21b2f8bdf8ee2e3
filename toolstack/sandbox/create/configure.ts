// SPDX-License-Identifier: Apache-2.0
// Configures a clone that has an identity, so that a container can start: memory, vCPUs, root filesystem, shares and streams.

import type { AgentLink } from '../../agent/agent-link.js';
import { askMount } from '../../agent/mount.js';
import { defined } from '../../base/defined.js';
import type { Steps } from '../../base/steps.js';
import type { Running } from '../../clone/template/template.js';
import { attachDevices, untilConnected, type Device } from '../../xen/devices.js';
import { diskDevid } from '../../xen/vbd.js';
import { fillVolumes, OWN_FILES, shareFiles } from '../shares/shares.js';
import { growMemory, growVcpus } from '../size/grow.js';
import { firstDevice, injectLayers, memoryToMount, upperKibOf } from '../boot/layers.js';
import { connect } from '../boot/connect.js';
import { all, type Ready } from '../boot/booted-clone.js';
import type { SandboxRecord } from '../record.js';
import { WAKE_MS } from '../agent/connection.js';
import { ROOTFS } from '../sandbox.js';
import type { SandboxServices } from '../services.js';

export interface EquipRequest {
  record: SandboxRecord;
  /** The layers' names in the MOUNT request. */
  guestNames: string[];
  /** The name of the writable layer's disk. */
  upper?: string | undefined;
  plug: readonly Device[];
  steps: Steps;
  /** Aborts when the client goes away or the guest is lost. The remaining steps then reject. */
  signal: AbortSignal;
}

/**
 * Adds the first memory, then mounts the layers and connects vCPUs, vif, shares, disks and the data channel side by side. Settles when all steps
 * have.
 */
export async function equip(
  services: SandboxServices,
  ready: Ready,
  { record, guestNames, upper, plug, steps, signal }: EquipRequest,
): Promise<void> {
  const { host } = services;
  const { domid, shim, link } = ready;
  const { files = [], devices = [] } = record;
  const { filesRings: made } = ready;
  const { stash } = ready.template.running ?? {};
  const shared = {
    device: OWN_FILES,
    files,
    rootfs: ROOTFS,
    ...defined({ made, stash }),
  };
  const stop = (): void => link.close();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const firstKib = await memoryToMount(record);
    await steps.time('memory', growMemory(host, ready, record, firstKib));
    injectLayers(shim, record);
    await all([
      ...(plug.length > 0 ? [steps.time('plug', attachDevices(host, domid, plug))] : []),
      steps.time('mount', mount(link, guestNames, upper, record)),
      steps.time('vcpus', growVcpus(host, ready, record)),
      connect(services, ready, record, steps),
      shareFiles(host, ready, shared, steps),
      ...disksAtStart(ready.template.running).map((index) =>
        steps.time(`disk ${index}`, untilConnected(host, domid, 'vbd', diskDevid(index))),
      ),
      ...devices.map((_, index) =>
        steps.time(
          'device',
          untilConnected(host, domid, 'vbd', diskDevid(firstDevice(record) + index)),
        ),
      ),
      steps.time('data', shim.waitUp(WAKE_MS)),
    ]);
    await fillVolumes(ready, shared, steps);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The indices of disks that a clone of a running container has from its first instruction on. */
function disksAtStart(running: Running | undefined): number[] {
  const { disks = [], upper } = running ?? {};
  return [...disks, ...(upper === undefined ? [] : [upper])].map((_, index) => index);
}

/** A clone without layers has the root filesystem that was frozen with its template. */
async function mount(
  link: AgentLink,
  devices: string[],
  upper: string | undefined,
  record: SandboxRecord,
): Promise<void> {
  if (devices.length === 0) return;
  await askMount(link, { rootfs: ROOTFS, devices, upper, upperKib: upperKibOf(record) });
}
