// SPDX-License-Identifier: Apache-2.0
// Introduces a sandbox to xenstore and plugs its vif into its network after its container has started. Packets that the guest sends meanwhile wait in
// the guest.

import type { Domid } from '../../base/ids.js';
import { sleep, withDeadline } from '../../base/deadline.js';
import { Steps } from '../../base/steps.js';
import { introduceClone } from '../../clone/engine/registration.js';
import { deviceNodes, untilConnected, type Device } from '../../xen/devices.js';
import { plugged, untilSeen, vif } from '../../xen/vif.js';
import { vifName } from '../devices/extra-vifs.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';

/** Returns the first vif with the front end nodes that the clone has kept. Pure. */
export function keptVif(device: Device, kept: Record<string, string> = {}): Device {
  return { ...device, frontend: { ...device.frontend, ...kept } };
}

type Introducer = typeof introduceClone;

/** Deferred registration of a sandbox whose container has been started. */
export class LateConnection {
  /** Resolves when xenstore knows the domain, or end() came first. Rejects when xenstore refuses. */
  readonly known: Promise<void>;
  /** Resolves when the vif is in its network, too. Rejects as `known`, untilConnected(), Networks.plugDeferred() and publish() do. */
  readonly connected: Promise<void>;
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #introducer: Introducer;
  readonly #steps: Steps;
  readonly #stop = new AbortController();
  #state: 'waiting' | 'begun' | 'over' = 'waiting';
  #go: () => void = () => undefined;

  /** Does the work in `record.introduction` once begin() is called, and no work where that is undefined. */
  constructor(
    services: SandboxServices,
    record: SandboxRecord,
    domid: Domid,
    introducer: Introducer = introduceClone,
  ) {
    this.#services = services;
    this.#record = record;
    this.#domid = domid;
    this.#introducer = introducer;
    this.#steps = new Steps(services.host.log, `Sandbox ${record.name} connects`);
    const asked = new Promise<void>((resolve) => (this.#go = resolve));
    this.known = record.introduction ? asked.then(() => this.#introduce()) : Promise.resolve();
    this.connected = this.known.then(() => this.#connect());
    // Callers that wait for these promises come later, if at all.
    this.known.catch(() => undefined);
    this.connected.catch(() => undefined);
  }

  /** Introduces the domain now. Resolves as `known` does. Idempotent. */
  begin(): Promise<void> {
    if (this.#state === 'waiting') this.#state = 'begun';
    this.#go();
    return this.known;
  }

  /**
   * Starts no deferred work from now on, since the domain is about to be destroyed. Waits some seconds at most for work in progress: a back end that
   * is still connecting when the domain is destroyed writes an error to xenstore that stays. Never rejects.
   */
  async end(): Promise<void> {
    if (this.#state === 'waiting') this.#state = 'over';
    this.#go();
    await endIn(SETTLE_MS, this.connected, this.#stop);
  }

  async #introduce(): Promise<void> {
    if (this.#state === 'over') return;
    await introduce(this.#services, this.#record, this.#domid, this.#steps, this.#introducer);
  }

  async #connect(): Promise<void> {
    if (this.#state === 'over' || !this.#record.introduction) return;
    const { signal } = this.#stop;
    try {
      const how = { publishes: true };
      await plugFirst(this.#services, this.#record, this.#domid, signal, this.#steps, how);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#steps.done();
  }
}

/** Time that a connection in progress may take when its domain is about to be destroyed. */
export const SETTLE_MS = 5000;

/** Resolves when `work` has settled, and aborts `stop` after `ms` milliseconds. Never rejects. */
export async function endIn(
  ms: number,
  work: Promise<unknown>,
  stop: AbortController,
): Promise<void> {
  const settled = work.catch(() => undefined);
  const early = new AbortController();
  await Promise.race([settled, sleep(ms, early.signal).catch(() => undefined)]);
  early.abort();
  stop.abort(new Error('Its domain is going'));
  await settled;
}

/**
 * Introduces a domain that an earlier thawd may not have introduced. Resolves with a function that does the remaining work, which no caller needs to
 * wait for. It rejects as LateConnection.connected does.
 */
export async function connectAgain(
  services: SandboxServices,
  record: SandboxRecord,
  domid: Domid,
  gone: AbortSignal,
  introducer: Introducer = introduceClone,
): Promise<() => Promise<void>> {
  const { introduction, memoryKib } = record;
  if (!introduction || gone.aborted) return () => Promise.resolve();
  const { xenstore } = services.host;
  const steps = new Steps(services.host.log, `Sandbox ${record.name} connects`);
  if (!(await xenstore.isIntroduced(domid))) {
    // The nodes are written all at once, and back ends do not read the same nodes twice.
    const isWritten = (await xenstore.readIfExists(`/local/domain/${domid}/vm`)) !== undefined;
    // The domain may have grown since that was recorded, and gets the rest of its memory soon.
    introduction.config.memoryKib = memoryKib;
    if (isWritten) await xenstore.introduce(domid, introduction.storeFrame, introduction.storePort);
    else await introduce(services, record, domid, steps, introducer);
  }
  return async () => {
    // Networks.adopt() has published the network already.
    await plugFirst(services, record, domid, gone, steps, { publishes: false });
    steps.done();
  };
}

async function introduce(
  { host }: SandboxServices,
  { introduction, mac, network }: SandboxRecord,
  domid: Domid,
  steps: Steps,
  introducer: Introducer,
): Promise<void> {
  if (!introduction) return;
  const first = keptVif(vif(0, mac, network !== undefined), introduction.vif);
  const devices = deviceNodes(domid, first);
  await steps.time('introduce', introducer(host, domid, introduction, devices));
}

const PUBLISH_MS = 60_000;

/** nft may be busy with other work for longer than a domain's end can wait. */
function publish(
  networks: SandboxServices['networks'],
  network: NonNullable<SandboxRecord['network']>,
  signal: AbortSignal,
): Promise<void> {
  const what = 'Published ports and names';
  return withDeadline(networks.publish(network), PUBLISH_MS, what, { signal });
}

/**
 * Tells the front end of the vif only when the vif is in its network, since a vif in no network loses packets. Publishes ports and names before that,
 * for other containers.
 */
async function plugFirst(
  { host, networks }: SandboxServices,
  record: SandboxRecord,
  domid: Domid,
  gone: AbortSignal,
  steps: Steps,
  { publishes }: { publishes: boolean },
): Promise<void> {
  const { network } = record;
  if (network) {
    await steps.time('interface', untilSeen(host, domid, gone));
    const port = { vif: vifName({ domid }, 0), mac: record.mac };
    await steps.time('bridge', networks.plugDeferred(port, network, gone));
    if (publishes) await steps.time('ports', publish(networks, network, gone));
    await plugged(host, domid);
  }
  await steps.time('vif', untilConnected(host, domid, 'vif', 0, gone));
  delete record.introduction;
}
