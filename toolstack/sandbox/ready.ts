// SPDX-License-Identifier: Apache-2.0
// How a template becomes a clone that runs and is nobody yet: both channels up, devices plugged, no identity, no root filesystem.

import { mkdir, rm } from 'node:fs/promises';
import type { StoreEntry } from '../../xenstore/index.js';
import type { AgentLink } from '../agent/link.js';
import type { Domid } from '../base/ids.js';
import type { Steps } from '../base/steps.js';
import type { Undo } from '../base/undo.js';
import { connectAgent } from '../clone/boot.js';
import type { Template } from '../clone/template.js';
import { whileAlive } from '../xen/death.js';
import { destroyDomain } from '../xen/destroy.js';
import { attachDevices, libxlDeviceNodes, type Device } from '../xen/devices.js';
import type { SandboxRecord } from './record.js';
import { ShimRelay } from './relay.js';
import { WAKE_MS } from './sandbox.js';
import { sandboxFolder, type SandboxServices } from './services.js';
import { ShimClient } from './shim-client.js';
import { shimSocket } from './shim-process.js';

const SHIM_MS = 30_000;

export interface ReadyRequest {
  record: SandboxRecord;
  template: Template;
  devices: readonly Device[];
  /** Aborts when nobody wants it any more. */
  signal?: AbortSignal | undefined;
  steps: Steps;
}

export interface Ready {
  /** With its domid. The name is that of its domain. */
  record: SandboxRecord;
  domid: Domid;
  template: Template;
  shim: ShimClient;
  link: AgentLink;
  relay: ShimRelay;
  /** What is left to write of it in xenstore. */
  later: StoreEntry[];
}

/**
 * In this order: folder, clone, wake, then shim and hello side by side, devices. What it acquires is on `undo`, so it is released
 * when this, or what the caller does next, rejects.
 */
export async function makeReady(
  services: SandboxServices,
  request: ReadyRequest,
  undo: Undo,
): Promise<Ready> {
  const { host, engine } = services;
  const { record, template, devices, steps, signal } = request;
  const folder = sandboxFolder(services, record);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  undo.push(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));

  const { name, uuid, memoryKib: maxMemoryKib } = record;
  const clone = await steps.time(
    'clone',
    engine.clone(template, { name, uuid, maxMemoryKib }, signal),
  );
  const { domid } = clone;
  record.domid = domid;
  undo.push(`domain ${name}`, () => destroyDomain(host, domid, uuid));
  return whileAlive(host, domid, async (lost) => {
    const relay = new ShimRelay();
    const parts = [lost, relay.lost, ...(signal ? [signal] : [])];
    const { shim, link } = await wake(
      services,
      request,
      { domid, relay, undo },
      AbortSignal.any(parts),
    );
    // Not before the hello: what stands in xenstore when a guest resumes, its kernel takes for a device it already has.
    await steps.time('devices', attachDevices(host, domid, devices));
    const later = [...clone.later, ...devices.flatMap((device) => libxlDeviceNodes(domid, device))];
    return { record, domid, template, shim, link, relay, later };
  });
}

/** Unpauses the clone and connects to both its channels, side by side. */
async function wake(
  services: SandboxServices,
  { record, steps }: ReadyRequest,
  { domid, relay, undo }: { domid: Domid; relay: ShimRelay; undo: Undo },
  signal: AbortSignal,
): Promise<{ shim: ShimClient; link: AgentLink }> {
  const { host } = services;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const shim = connectShim(services, record, domid, relay).then((client) => {
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
  relay: ShimRelay,
): Promise<ShimClient> {
  const folder = sandboxFolder(services, record);
  const pid = await services.shims.start(domid, folder);
  try {
    return await ShimClient.connect(shimSocket(folder), relay, SHIM_MS);
  } catch (error) {
    process.kill(pid, 'SIGKILL');
    throw error;
  }
}

/** Waits for all, also when one fails: nothing may go on behind the clean-up. Rejects with the first failure. */
export async function all(steps: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(steps)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
