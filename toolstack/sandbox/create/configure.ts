// SPDX-License-Identifier: Apache-2.0
// What a clone that is somebody still needs before a container can start: a root filesystem, its memory and vCPUs, and its streams.

import type { AgentLink } from '../../agent/link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeMount } from '../../agent/wire-guest.js';
import type { Steps } from '../../base/steps.js';
import type { Running } from '../../clone/template/template.js';
import { attachDevices, untilConnected, type Device } from '../../xen/devices.js';
import { diskDevid } from '../../xen/vbd.js';
import { fillVolumes, OWN_FILES, shareFiles } from '../shares/shares.js';
import { growMemory, growVcpus } from '../size/grow.js';
import { firstDevice, injectLayers, memoryToMount } from './layers.js';
import { connect } from '../devices/connect.js';
import { all, type Ready } from './booted-clone.js';
import type { SandboxRecord } from '../record.js';
import { WAKE_MS } from '../agent/connection.js';
import { ROOTFS } from '../sandbox.js';
import type { SandboxServices } from '../services.js';

const MOUNT_MS = 90_000;

export interface EquipRequest {
  record: SandboxRecord;
  /** The layers as MOUNT calls them. */
  guestNames: string[];
  /** The same of the writable layer's disk. */
  upper?: string | undefined;
  /** Devices that are not there yet. */
  plug: readonly Device[];
  steps: Steps;
  /** Aborts when the client went away or the guest is lost: the rest then rejects. */
  signal: AbortSignal;
}

/** Memory first, then side by side layers and their mount, vCPUs, the vif, the shim's data channel. Settles when all of it has. */
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
    ...{ device: OWN_FILES, files, rootfs: ROOTFS },
    ...(made ? { made } : {}),
    ...(stash === undefined ? {} : { stash }),
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

/** The numbers of those that it has from its first instruction on. */
function disksAtStart(running: Running | undefined): number[] {
  const { disks = [], upper } = running ?? {};
  return [...disks, ...(upper === undefined ? [] : [upper])].map((_, index) => index);
}

/** Without layers the root filesystem was frozen with the guest. */
async function mount(
  link: AgentLink,
  layers: string[],
  upper: string | undefined,
  { memoryKib, upperKib = Math.floor(memoryKib / 2) }: SandboxRecord,
): Promise<void> {
  if (layers.length === 0) return;
  const request = encodeMount({
    rootfs: ROOTFS,
    devices: layers,
    timeoutMs: MOUNT_MS,
    upperKib,
    ...(upper === undefined ? {} : { upper }),
  });
  await link.request(AgentType.MOUNT, request, 'the root filesystem', MOUNT_MS + 5000);
}
