// SPDX-License-Identifier: Apache-2.0
// Creates a sandbox from a clone of the pool or a new clone, up to a domain that can start a container.

import { Steps } from '../../base/steps.js';
import { Undo } from '../../base/undo.js';
import { shapeFor } from '../../clone/template/shape.js';
import type { Template } from '../../clone/template/template.js';
import { whileAlive, whileUnknown } from '../../xen/death.js';
import { libxlDeviceNodes, type Device } from '../../xen/devices.js';
import { filesDevice } from '../../xen/files-device.js';
import { vif } from '../../xen/vif.js';
import { equip } from './configure.js';
import { OWN_FILES } from '../shares/shares.js';
import { growBehind } from '../size/grow.js';
import { identify } from '../boot/identity.js';
import { prepareDisks } from '../boot/layers.js';
import type { Pool } from '../pool/pool.js';
import { all, makeReady } from '../boot/booted-clone.js';
import type { SandboxRecord } from '../record.js';
import { Sandbox } from '../sandbox.js';
import type { SandboxServices } from '../services.js';
import type { ShimEvents } from '../shim/client.js';
import { giveBackAddresses } from '../release.js';
import { takeReady } from '../pool/claim.js';

export interface CreateOptions {
  /** Receives the shim's messages. */
  events: ShimEvents;
  /** Work that runs beside the rest once the clone has its identity. Its failure fails the creation. */
  meanwhile?: (sandbox: Sandbox) => Promise<void>;
  signal?: AbortSignal | undefined;
  /**
   * Defers the vif where possible. The caller then waits for Sandbox.connected after the start, or decides itself that the network is no longer
   * needed.
   */
  connectsLater?: boolean;
  /**
   * A template that already has a root filesystem. The record then has no layers or, for the template of a running container, the disks of that
   * container.
   */
  frozen?: Template | undefined;
}

/**
 * Order: template, memory, the layers' devices, a clone and its identity, then equip(). `record` becomes the clone's: a clone of the pool brings its
 * own id, uuid, MAC and domain. Leaves nothing behind when it rejects.
 */
export function createSandbox(
  services: SandboxServices,
  pool: Pool,
  record: SandboxRecord,
  options: CreateOptions,
): Promise<Sandbox> {
  return Undo.guard(services.host.log, async (undo) => {
    undo.push(`addresses of ${record.name}`, () => giveBackAddresses(services, record));
    return inTurn(services, options.signal, () => make(services, pool, record, options, undo));
  });
}

/** Ends a sandbox's turn when its vif is connected: with many starts at once, each connection would come too late for the packets of its program. */
function inTurn(
  { starts }: SandboxServices,
  signal: AbortSignal | undefined,
  work: () => Promise<Sandbox>,
): Promise<Sandbox> {
  return new Promise((resolve, reject) => {
    const turn = async (): Promise<void> => {
      const sandbox = await work();
      resolve(sandbox);
      await sandbox.connected.catch(() => undefined);
    };
    starts.run(turn, signal).catch(reject);
  });
}

async function make(
  services: SandboxServices,
  pool: Pool,
  record: SandboxRecord,
  { events, meanwhile, signal, frozen, connectsLater: mayWait = false }: CreateOptions,
  undo: Undo,
): Promise<Sandbox> {
  const { host, templates, budget, hostCpus } = services;
  const steps = new Steps(host.log, `Sandbox ${record.name}`);
  const { type, vcpus, maxVcpus = vcpus } = record;
  const template =
    frozen ?? (await steps.time('template', templates.get(shapeFor(type, maxVcpus, hostCpus))));
  signal?.throwIfAborted();
  record.maxVcpus = template.shape.vcpus;
  // The pool has no clones of a running container's template: each would keep all the memory that the container had.
  const waiting =
    template.running || record.hasOwnMac
      ? undefined
      : await takeReady(services, pool, { template, record, undo, steps });
  const ownKib = waiting?.memoryKib ?? 0;
  const giveBack = await steps.time(
    'budget',
    budget.reserve(Math.max(0, record.memoryKib - ownKib)),
  );
  let grown = Promise.resolve();
  try {
    const layers = await steps.time(
      'layers',
      prepareDisks(services, record, undo, template.running?.upper?.path),
    );
    let ready = waiting;
    if (!ready) {
      const isServed = template.running?.stash !== undefined;
      const files = isServed ? [filesDevice(OWN_FILES)] : [];
      const devices = [vif(0, record.mac), ...layers.devices, ...files];
      const connectsLater = mayWait && needsOnlyItsVif(services, record, devices);
      const request = { record, template, devices, connectsLater, signal, steps };
      ready = await makeReady(services, request, undo);
      await steps.time('identity', identify(ready.link, record));
    }
    const { domid, shim, link, relay } = ready;
    relay.passTo(events);
    const plug = waiting ? layers.devices : [];
    const later = [...ready.later, ...plug.flatMap((device) => libxlDeviceNodes(domid, device))];
    if (later.length > 0) record.later = later;
    const rest = { link, later, isRenamed: waiting !== undefined };
    const sandbox = new Sandbox(services, record, domid, shim, rest);
    const watch = record.introduction ? whileUnknown : whileAlive;
    await watch(host, domid, (lost) => {
      const parts = [lost, relay.lost, ...(signal ? [signal] : [])];
      const guestNames = template.running ? [] : layers.guestNames;
      const want = { record, guestNames, upper: layers.upper, plug, steps };
      return all([
        equip(services, ready, { ...want, signal: AbortSignal.any(parts) }),
        steps.time('meanwhile', meanwhile?.(sandbox) ?? Promise.resolve()),
      ]);
    });
    signal?.throwIfAborted();
    undo.disarm();
    grown = sandbox.grown = growBehind(host, ready, record, sandbox);
    return sandbox;
  } finally {
    void grown.then(giveBack);
    steps.done();
  }
}

/** True when the sandbox needs xenstore only for its vif, and its network allows a deferred vif. */
function needsOnlyItsVif(
  { networks }: SandboxServices,
  { vcpus, files = [], network }: SandboxRecord,
  devices: readonly Device[],
): boolean {
  const canDefer = network === undefined || networks.canDefer(network);
  return devices.length === 1 && vcpus === 1 && files.length === 0 && canDefer;
}
