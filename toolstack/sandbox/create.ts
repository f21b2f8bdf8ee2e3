// SPDX-License-Identifier: Apache-2.0
// How a sandbox comes to be: from a template to a clone that can start a container.

import { mkdir, rm } from 'node:fs/promises';
import type { AgentLink } from '../agent/link.js';
import { encodeMount, AgentType } from '../agent/wire.js';
import type { Domid } from '../base/ids.js';
import { Steps } from '../base/steps.js';
import { Undo } from '../base/undo.js';
import { connectAgent } from '../clone/boot.js';
import { shapeFor } from '../clone/shape.js';
import type { Template } from '../clone/template.js';
import { whileAlive } from '../xen/death.js';
import { destroyDomain } from '../xen/destroy.js';
import { attachDevices, libxlDeviceNodes, type Device } from '../xen/devices.js';
import type { LoopDevices } from '../xen/loop.js';
import { readOnlyDisk } from '../xen/vbd.js';
import { vif } from '../xen/vif.js';
import { grow } from './grow.js';
import { identify } from './identity.js';
import type { SandboxRecord } from './record.js';
import { ROOTFS, Sandbox, WAKE_MS } from './sandbox.js';
import { sandboxFolder, type SandboxServices } from './services.js';
import { ShimClient, type ShimEvents } from './shim-client.js';
import { shimSocket } from './shim-process.js';

const SHIM_MS = 30_000;
const MOUNT_MS = 90_000;

/**
 * In this order: template, memory, layers' loop devices, clone, wake, shim, hello, devices, identity, then side by side the root
 * filesystem, growth and the shim's data channel. `onDomid` runs before the domain is unpaused, to write it down.
 * Leaves nothing when it rejects.
 */
export function createSandbox(
  services: SandboxServices,
  record: SandboxRecord,
  events: ShimEvents,
  onDomid: (domid: Domid) => Promise<void>,
  signal?: AbortSignal,
): Promise<Sandbox> {
  const { host, templates, engine, loops, budget, hostCpus } = services;
  const { name, uuid } = record;
  const steps = new Steps(host.log, `Sandbox ${name}`);
  return Undo.guard(host.log, async (undo) => {
    const template = await steps.time(
      'template',
      templates.get(shapeFor(record.type, record.vcpus, hostCpus)),
    );
    signal?.throwIfAborted();
    const giveBack = await steps.time('memory', budget.reserve(record.memoryKib));
    try {
      const folder = sandboxFolder(services, record);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      undo.push(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));
      const disks = await steps.time('layers', attachLayers(loops, record, undo));
      const devices: Device[] = [vif(0, record.mac), ...disks.map((disk) => disk.device)];

      const want = { name, uuid, maxMemoryKib: record.memoryKib };
      const clone = await steps.time('clone', engine.clone(template, want, signal));
      const { domid } = clone;
      undo.push(`domain ${name}`, () => destroyDomain(host, domid, uuid));
      await onDomid(domid);
      const { shim, link } = await whileAlive(host, domid, (lost) => {
        const either = signal ? AbortSignal.any([signal, lost]) : lost;
        const given = { template, disks, devices, events, undo, steps, signal: either };
        return bringUp(services, record, domid, given);
      });
      signal?.throwIfAborted();
      undo.disarm();
      return new Sandbox(services, record, domid, shim, {
        link,
        later: [...clone.later, ...devices.flatMap((device) => libxlDeviceNodes(domid, device))],
      });
    } finally {
      giveBack();
      steps.done();
    }
  });
}

interface BringUp {
  template: Template;
  disks: { device: Device; guestName: string }[];
  devices: Device[];
  events: ShimEvents;
  undo: Undo;
  steps: Steps;
  /** Aborts when the client went away or the domain died; the rest then rejects. */
  signal: AbortSignal;
}

/** From a paused clone to one that can start a container. What it acquires is on `undo`. */
async function bringUp(
  services: SandboxServices,
  record: SandboxRecord,
  domid: Domid,
  given: BringUp,
) {
  const { host } = services;
  const { template, disks, devices, steps, signal } = given;
  const { shim, link } = await wake(services, record, domid, given);
  const stop = (): void => link.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // Not before the hello: what stands in xenstore when a guest resumes, its kernel takes for a device it already has.
    await steps.time('devices', attachDevices(host, domid, devices));
    await steps.time('identity', identify(link, record));
    const guestNames = disks.map((disk) => disk.guestName);
    await all([
      steps.time('mount', mount(link, guestNames, record.memoryKib)),
      steps.time('grow', grow(host, domid, link, template, record)),
      steps.time('data', shim.waitUp(WAKE_MS)),
    ]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return { shim, link };
}

/** Unpauses the clone and connects to both its channels, side by side. */
async function wake(
  services: SandboxServices,
  record: SandboxRecord,
  domid: Domid,
  { events, undo, steps, signal }: BringUp,
): Promise<{ shim: ShimClient; link: AgentLink }> {
  const { host } = services;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const shim = connectShim(services, record, domid, events).then((client) => {
    undo.push(`shim of ${record.name}`, () => client.quit());
    return client;
  });
  const link = connectAgent(host, domid, WAKE_MS, either).then((connected) => {
    undo.push(`link to ${record.name}`, () => connected.close());
    return connected;
  });
  const unpaused = host.libxl.xcDomainUnpause(domid);
  // A domain that cannot run says no hello.
  unpaused.catch((error: unknown) => stop.abort(error));
  await all([steps.time('wake', unpaused), steps.time('shim', shim), steps.time('hello', link)]);
  return { shim: await shim, link: await link };
}

async function connectShim(
  services: SandboxServices,
  record: SandboxRecord,
  domid: Domid,
  events: ShimEvents,
): Promise<ShimClient> {
  const folder = sandboxFolder(services, record);
  const pid = await services.shims.start(domid, folder);
  try {
    return await ShimClient.connect(shimSocket(folder), events, SHIM_MS);
  } catch (error) {
    process.kill(pid, 'SIGKILL');
    throw error;
  }
}

async function attachLayers(loops: LoopDevices, record: SandboxRecord, undo: Undo) {
  const disks = [];
  for (const [index, layer] of record.layers.entries()) {
    const blockDevice = await loops.acquire(layer);
    undo.push(`loop device of ${layer}`, () => loops.release(layer));
    disks.push(await readOnlyDisk(blockDevice, index));
  }
  return disks;
}

async function mount(link: AgentLink, devices: string[], memoryKib: number): Promise<void> {
  const request = encodeMount({
    rootfs: ROOTFS,
    devices,
    timeoutMs: MOUNT_MS,
    upperKib: Math.floor(memoryKib / 2),
  });
  await link.request(AgentType.MOUNT, request, 'the root filesystem', MOUNT_MS + 5000);
}

/** Waits for all, also when one fails: nothing may go on behind the clean-up. Rejects with the first failure. */
async function all(steps: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(steps)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
