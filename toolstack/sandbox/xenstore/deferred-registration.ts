// SPDX-License-Identifier: Apache-2.0
// How a sandbox whose container runs already comes to be known to xenstore, and its vif into its network. What its guest sends meanwhile
// waits in the guest.

import type { Domid } from '../../base/ids.js';
import { sleep, withDeadline } from '../../base/deadline.js';
import { Steps } from '../../base/steps.js';
import { introduceClone } from '../../clone/engine/registration.js';
import { deviceNodes, untilConnected, type Device } from '../../xen/devices.js';
import { plugged, untilSeen, vif } from '../../xen/vif.js';
import { vifName } from '../devices/vifs.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';

/** The first vif as a clone has it whose front end has `kept` in xenstore. Pure. */
export function keptVif(device: Device, kept: Record<string, string> = {}): Device {
  return { ...device, frontend: { ...device.frontend, ...kept } };
}

type Introducer = typeof introduceClone;

/** What is left to do when its container has been started. */
export class LateConnection {
  /** Resolves when xenstore knows its domain. Rejects when xenstore refuses; resolves when it ended before. */
  readonly known: Promise<void>;
  /** Resolves when its vif is in its network, too. Rejects as `known`, untilConnected(), Networks.plugDeferred() and publish() do. */
  readonly connected: Promise<void>;
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #introducer: Introducer;
  readonly #steps: Steps;
  readonly #stop = new AbortController();
  #state: 'waiting' | 'begun' | 'over' = 'waiting';
  #go: () => void = () => undefined;

  /** Does what `record.introduction` says once begin() is called, and nothing where it says nothing. */
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
    // Who waits for them comes later, if at all.
    this.known.catch(() => undefined);
    this.connected.catch(() => undefined);
  }

  /** Resolves as `known`, for which it has it introduced now. Idempotent. */
  begin(): Promise<void> {
    if (this.#state === 'waiting') this.#state = 'begun';
    this.#go();
    return this.known;
  }

  /**
   * Its domain is going: nothing of it happens after that. What was begun comes to its end, for some seconds at most: a back end that is
   * in the middle of it when the domain goes writes down its failure where it stays. Never rejects.
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

/** How long a connection that was begun may take when its domain is to go. */
export const SETTLE_MS = 5000;

/** Resolves when `work` has settled, for which `stop` aborts after so long. Never rejects. */
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
 * Introduces what a thawd before this one may not have come to; resolves with what is left to do then, which nobody need wait for: it rejects as
 * LateConnection.connected does.
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
    // Its nodes come all at once, and back ends do not look at the same ones twice.
    const isWritten = (await xenstore.readIfExists(`/local/domain/${domid}/vm`)) !== undefined;
    // It may have grown since that was written down, and gets the rest of its memory soon.
    introduction.config.memoryKib = memoryKib;
    if (isWritten) await xenstore.introduce(domid, introduction.storeFrame, introduction.storePort);
    else await introduce(services, record, domid, steps, introducer);
  }
  return async () => {
    // Networks.adopt() has published it.
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

/** nft may be busy with others' for longer than a domain that goes can wait. */
function publish(
  networks: SandboxServices['networks'],
  network: NonNullable<SandboxRecord['network']>,
  signal: AbortSignal,
): Promise<void> {
  const what = 'Published ports and names';
  return withDeadline(networks.publish(network), PUBLISH_MS, what, { signal });
}

/**
 * Tells the front end of the vif only when the vif is in its network, since a vif in no network loses packets; publishes ports and names before
 * that, for other containers.
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
    await steps.time('bridge', networks.plugDeferred(vifName({ domid }, 0), network, gone));
    if (publishes) await steps.time('ports', publish(networks, network, gone));
    await plugged(host, domid);
  }
  await steps.time('vif', untilConnected(host, domid, 'vif', 0, gone));
  delete record.introduction;
}
