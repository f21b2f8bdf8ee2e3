// SPDX-License-Identifier: Apache-2.0
// One micro-domain as containers see it: a clone with a root filesystem, a vif, a shim for its streams and a link to its agent.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentLink } from '../agent/link.js';
import { encodeMount, encodeStart, AgentType, type StartRequest } from '../agent/wire.js';
import { describeError } from '../base/errors.js';
import { asDomid, type Domid } from '../base/ids.js';
import { Undo } from '../base/undo.js';
import { connectAgent } from '../clone/boot.js';
import type { CloneEngine } from '../clone/engine.js';
import { shapeFor } from '../clone/shape.js';
import type { Template } from '../clone/template.js';
import type { Templates } from '../clone/templates.js';
import { whileAlive } from '../xen/death.js';
import { attachDevices, detachDevices, type Device } from '../xen/devices.js';
import { destroyDomain, isSameDomain } from '../xen/destroy.js';
import type { XenHost } from '../xen/host.js';
import type { LoopDevices } from '../xen/loop.js';
import { diskDevid, readOnlyDisk } from '../xen/vbd.js';
import { vif } from '../xen/vif.js';
import { grow } from './grow.js';
import { identify, wakeDomain } from './identity.js';
import type { MemoryBudget } from './memory-budget.js';
import type { SandboxRecord } from './record.js';
import { ShimClient, type ShimEvents } from './shim-client.js';
import { shimSocket, startShim } from './shim-process.js';

/** What the agent needs to start a process. */
export type ProcessStart = Omit<StartRequest, 'rootfs'>;

/** What all sandboxes of a thawd share. */
export interface SandboxServices {
  host: XenHost;
  hostCpus: number;
  templates: Templates;
  engine: CloneEngine;
  loops: LoopDevices;
  budget: MemoryBudget;
  shimProgram: string;
  /** One folder a sandbox, below it. */
  runFolder: string;
}

export { describeDeath } from '../xen/death.js';

export class Sandbox {
  readonly record: SandboxRecord;
  readonly domid: Domid;
  readonly shim: ShimClient;
  readonly #services: SandboxServices;
  #link: AgentLink | undefined;
  #destroyed: Promise<void> | undefined;

  private constructor(
    services: SandboxServices,
    record: SandboxRecord,
    domid: Domid,
    shim: ShimClient,
    link?: AgentLink,
  ) {
    this.#services = services;
    this.record = record;
    this.domid = domid;
    this.shim = shim;
    this.#link = link;
  }

  /** The folder of a sandbox's sockets and logs. */
  static folder(services: SandboxServices, record: SandboxRecord): string {
    return join(services.runFolder, record.id);
  }

  get shimSocket(): string {
    return shimSocket(Sandbox.folder(this.#services, this.record));
  }

  /** Where the guest has the container's root filesystem. */
  static get rootfsPath(): string {
    return `/run/thaw/roots/${ROOTFS}/rootfs`;
  }

  /**
   * In this order: template, memory, layers' loop devices, clone, wake, shim, hello, devices, identity, then side by side the root
   * filesystem, growth and the shim's data channel. `onDomid` runs before the domain is unpaused, to write it down.
   * Leaves nothing when it rejects.
   */
  static create(
    services: SandboxServices,
    record: SandboxRecord,
    events: ShimEvents,
    onDomid: (domid: Domid) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Sandbox> {
    const { host, templates, engine, loops, budget, hostCpus } = services;
    return Undo.guard(host.log, async (undo) => {
      const template = await templates.get(shapeFor(record.type, record.vcpus, hostCpus));
      signal?.throwIfAborted();
      const giveBack = await budget.reserve(record.memoryKib);
      try {
        const folder = Sandbox.folder(services, record);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        undo.push(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));
        const disks = await attachLayers(loops, record, undo);
        const devices: Device[] = [vif(0, record.mac), ...disks.map((disk) => disk.device)];

        const { name, uuid } = record;
        const domid = await engine.clone(
          template,
          { name, uuid, maxMemoryKib: record.memoryKib },
          signal,
        );
        undo.push(`domain ${name}`, () => destroyDomain(host, domid, uuid));
        await onDomid(domid);
        const { shim, link } = await whileAlive(host, domid, (lost) => {
          const either = signal ? AbortSignal.any([signal, lost]) : lost;
          return bringUp(services, record, domid, {
            template,
            disks,
            devices,
            events,
            undo,
            signal: either,
          });
        });
        signal?.throwIfAborted();
        undo.disarm();
        return new Sandbox(services, record, domid, shim, link);
      } finally {
        giveBack();
      }
    });
  }

  /** Takes over the sandbox of an earlier thawd: its shim must answer. Rejects with ERR_SHIM_CONNECT when there is none. */
  static async adopt(
    services: SandboxServices,
    record: SandboxRecord,
    events: ShimEvents,
  ): Promise<Sandbox> {
    const shim = await ShimClient.connect(
      shimSocket(Sandbox.folder(services, record)),
      events,
      ADOPT_MS,
    );
    try {
      for (const layer of record.layers) await services.loops.acquire(layer);
    } catch (error) {
      shim.close();
      throw error;
    }
    return new Sandbox(services, record, asDomid(record.domid ?? 0), shim);
  }

  /** Asks the agent to start a process in the root filesystem. Rejects with ERR_AGENT_CMD_NOENT and the like. */
  async start(request: ProcessStart): Promise<void> {
    const link = (this.#link ??= await connectAgent(this.domid, WAKE_MS));
    await link.request(
      AgentType.START,
      encodeStart({ ...request, rootfs: ROOTFS }),
      'the start',
      START_MS,
    );
  }

  /** Whether the domain still exists. */
  isAlive(): Promise<boolean> {
    return isSameDomain(this.#services.host, this.domid, this.record.uuid);
  }

  /** Ends the sandbox and removes all that belongs to it. Idempotent; never rejects, what fails is logged. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#release();
    return this.#destroyed;
  }

  async #release(): Promise<void> {
    this.#link?.close();
    await this.shim
      .quit()
      .catch((error: unknown) => this.#services.host.log.warn('Shim does not quit', { error }));
    await releaseSandbox(this.#services, this.record);
    for (const layer of this.record.layers)
      await quietly(this.#services, () => this.#services.loops.release(layer));
  }
}

const ROOTFS = 'main';
const SHIM_MS = 30_000;
const ADOPT_MS = 3000;
const WAKE_MS = 90_000;
const MOUNT_MS = 90_000;
/** Above the agent's own deadline for crun. */
const START_MS = 130_000;

/** Removes domain, devices and folder of a sandbox, whether or not a thawd still holds it. Idempotent; what fails is logged. */
export async function releaseSandbox(
  services: SandboxServices,
  record: SandboxRecord,
): Promise<void> {
  const { host } = services;
  if (record.domid !== undefined) {
    const domid = asDomid(record.domid);
    const devices = record.layers.map((_, index) => ({
      kind: 'vbd' as const,
      devid: diskDevid(index),
    }));
    if (await isSameDomain(host, domid, record.uuid))
      await host.libxl.domainPause(domid).catch(() => undefined);
    await quietly(services, () =>
      detachDevices(host, domid, [{ kind: 'vif', devid: 0 }, ...devices]),
    );
    await quietly(services, () => destroyDomain(host, domid, record.uuid));
  }
  await quietly(services, () =>
    rm(Sandbox.folder(services, record), { recursive: true, force: true }),
  );
}

async function quietly(services: SandboxServices, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    services.host.log.error(`Clean-up goes on after: ${describeError(error)}`);
  }
}

interface BringUp {
  template: Template;
  disks: { device: Device; guestName: string }[];
  devices: Device[];
  events: ShimEvents;
  undo: Undo;
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
  const { template, disks, devices, events, undo, signal } = given;
  const { name } = record;
  const folder = Sandbox.folder(services, record);
  await wakeDomain(host, domid);
  const pid = await startShim(services.shimProgram, domid, folder);
  const shim = await ShimClient.connect(shimSocket(folder), events, SHIM_MS).catch(
    (error: unknown) => {
      process.kill(pid, 'SIGKILL');
      throw error;
    },
  );
  undo.push(`shim of ${name}`, () => shim.quit());
  const link = await connectAgent(domid, WAKE_MS, signal);
  undo.push(`link to ${name}`, () => link.close());
  const stop = (): void => link.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // Not before the hello: what stands in xenstore when a guest resumes, its kernel takes for a device it already has.
    undo.push(`devices of ${name}`, () => detachDevices(host, domid, devices));
    await attachDevices(host, domid, devices);
    await identify(link, record);
    await all([
      mount(
        link,
        disks.map((disk) => disk.guestName),
        record.memoryKib,
      ),
      grow(host, domid, link, template, record),
      shim.waitUp(WAKE_MS),
    ]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return { shim, link };
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
