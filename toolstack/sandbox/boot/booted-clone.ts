// SPDX-License-Identifier: Apache-2.0
// Boots a clone from a template: both channels and its devices are connected, identity and root filesystem are not set yet.

import { mkdir, rm } from 'node:fs/promises';
import type { StoreEntry } from '../../../xenstore/index.js';
import type { AgentLink } from '../../agent/agent-link.js';
import type { Ring } from '../../agent/freeze-rings.js';
import type { Domid } from '../../base/ids.js';
import type { Steps } from '../../base/steps.js';
import type { Undo } from '../../base/undo.js';
import { connectAgent } from '../../clone/template/boot.js';
import type { Clone } from '../../clone/engine/engine.js';
import type { Template } from '../../clone/template/template.js';
import { whileAlive, whileUnknown } from '../../xen/death.js';
import { destroyDomain } from '../../xen/destroy.js';
import { deviceNodes, libxlDeviceNodes, type Device } from '../../xen/devices.js';
import type { FilesRing } from '../../xen/files-device.js';
import { keptVif } from '../xenstore/deferred-registration.js';
import type { SandboxRecord } from '../record.js';
import { ShimRelay } from '../shim/relay.js';
import { WAKE_MS } from '../agent/connection.js';
import { sandboxFolder, type SandboxServices } from '../services.js';
import { ShimClient } from '../shim/client.js';
import { shimSocket } from '../shim/process.js';

const SHIM_MS = 30_000;

export interface ReadyRequest {
  record: SandboxRecord;
  template: Template;
  devices: readonly Device[];
  /** Introduces the clone to xenstore after its start, from its record, where the clone can do without xenstore. */
  connectsLater?: boolean;
  /** Aborts when no caller wants the clone any more. */
  signal?: AbortSignal | undefined;
  steps: Steps;
}

export interface Ready {
  /** Has its domid set. Its name is the domain's name. */
  record: SandboxRecord;
  domid: Domid;
  template: Template;
  shim: ShimClient;
  link: AgentLink;
  relay: ShimRelay;
  /** Nodes still to be written to xenstore. */
  later: StoreEntry[];
  /** True when the vif is connected and xenstore has told the guest all that it waits for. */
  hasVif: boolean;
  /** True when the vif has its own MAC instead of its template's. */
  hasMac: boolean;
  /** The domain's memory now, in KiB. */
  memoryKib: number;
  /** The rings of its 9pfs device, where the guest has made them already. */
  filesRings?: FilesRing[];
}

/**
 * Order: folder, clone, wake, then shim and hello side by side, then the introduction to xenstore with the devices, unless that is deferred. A clone
 * without rings is introduced before its wake. All acquired resources are on `undo`, which releases them when this function or a later step of the
 * caller rejects.
 */
export async function makeReady(
  services: SandboxServices,
  request: ReadyRequest,
  undo: Undo,
): Promise<Ready> {
  const { host, engine } = services;
  const { record, template, devices, connectsLater = false, steps, signal } = request;
  const folder = sandboxFolder(services, record);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  undo.push(`folder ${folder}`, async () => {
    await rm(folder, { recursive: true, force: true });
    services.shims.left(folder);
  });

  const { name, uuid, memoryKib: maxMemoryKib } = record;
  const started = performance.now();
  const clone = await steps.time(
    'clone',
    engine.clone(template, { name, uuid, maxMemoryKib }, signal),
  );
  services.onClone(performance.now() - started);
  const { domid } = clone;
  record.domid = domid;
  undo.push(`domain ${name}`, () => destroyDomain(host, domid, uuid));
  const { introduction } = clone;
  const introduce = (): Promise<void> =>
    steps.time(
      'introduce',
      clone.introduce(
        devices.flatMap((device) =>
          deviceNodes(domid, isFirstVif(device) ? keptVif(device, introduction?.vif) : device),
        ),
      ),
    );
  const relay = new ShimRelay();
  const waking = (lost: AbortSignal): Promise<Awake> => {
    const either = AbortSignal.any([lost, relay.lost, ...(signal ? [signal] : [])]);
    return wake(services, request, { clone, relay, undo }, either);
  };
  if (!introduction) await introduce();
  const watch = introduction ? whileUnknown : whileAlive;
  const { shim, link } = await watch(host, domid, waking);
  if (introduction && connectsLater) record.introduction = introduction;
  else if (introduction) await whileAlive(host, domid, introduce);
  const later = [...clone.later, ...devices.flatMap((device) => libxlDeviceNodes(domid, device))];
  const { memoryKib } = template.shape;
  const mine = { record, domid, template, shim, link, relay, later, memoryKib };
  return { ...mine, hasVif: false, hasMac: !introduction };
}

function isFirstVif({ kind, devid }: Device): boolean {
  return kind === 'vif' && devid === 0;
}

interface Awake {
  shim: ShimClient;
  link: AgentLink;
}

/** Unpauses the clone and connects to both its channels, side by side. */
async function wake(
  services: SandboxServices,
  { record, steps }: ReadyRequest,
  { clone, relay, undo }: { clone: Clone; relay: ShimRelay; undo: Undo },
  signal: AbortSignal,
): Promise<Awake> {
  const { host } = services;
  const { domid, rings } = clone;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const shim = connectShim(services, record, { domid, relay, ring: rings?.data }).then((client) => {
    undo.push(`shim of ${record.name}`, () => client.quit());
    return client;
  });
  const link = connectAgent(host, domid, WAKE_MS, { signal: either, ring: rings?.control }).then(
    (connected) => {
      undo.push(`link to ${record.name}`, () => connected.close());
      return connected;
    },
  );
  const unpaused = host.libxl.xcDomainUnpause(domid);
  // A domain that cannot run never sends its hello.
  unpaused.catch((error: unknown) => stop.abort(error));
  await all([steps.time('wake', unpaused), steps.time('shim', shim), steps.time('hello', link)]);
  return { shim: await shim, link: await link };
}

async function connectShim(
  services: SandboxServices,
  record: SandboxRecord,
  { domid, relay, ring }: { domid: Domid; relay: ShimRelay; ring: Ring | undefined },
): Promise<ShimClient> {
  const folder = sandboxFolder(services, record);
  const pid = await services.shims.start(domid, folder, ring);
  try {
    return await ShimClient.connect(shimSocket(folder), relay, SHIM_MS);
  } catch (error) {
    process.kill(pid, 'SIGKILL');
    throw error;
  }
}

/** Waits for all steps, even when one fails: no step may continue behind the clean-up. Rejects with the first failure. */
export async function all(steps: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(steps)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
