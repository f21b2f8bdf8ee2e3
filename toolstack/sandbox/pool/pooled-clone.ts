// SPDX-License-Identifier: Apache-2.0
// Makes, watches, hands out and destroys one clone of the pool.

import { randomBytes } from 'node:crypto';
import { XS_STATE } from '../../agent/wire.js';
import { asDomid, sandboxIdOf, newContainerId, type Domid } from '../../base/ids.js';
import { Steps } from '../../base/steps.js';
import { Undo } from '../../base/undo.js';
import type { Template } from '../../clone/template/template.js';
import { onDomainDeath } from '../../xen/death-watch.js';
import type { XenHost } from '../../xen/host.js';
import { untilConnected } from '../../xen/devices.js';
import { writeLater } from '../../xen/records.js';
import { vif } from '../../xen/vif.js';
import { endIn, SETTLE_MS } from '../xenstore/deferred-registration.js';
import { configure } from '../boot/connect.js';
import { vifName } from '../devices/extra-vifs.js';
import { prepareFiles } from './prepared-shares.js';
import { MEMORY_FOR_FILES_KIB } from '../boot/layers.js';
import { makeReady, type Ready } from '../boot/booted-clone.js';
import { newSandboxRecord } from '../record.js';
import { WAKE_MS } from '../agent/connection.js';
import type { SandboxServices } from '../services.js';

/** Prefix of the names of the pool's domains. A few random digits follow it. */
export const POOL_PREFIX = 'thaw-pool-';

export class Member {
  readonly ready: Ready;
  readonly #undo: Undo;
  readonly #watch: { close(): void };
  #isWaiting = true;

  private constructor(ready: Ready, undo: Undo, watch: { close(): void }) {
    this.ready = ready;
    this.#undo = undo;
    this.#watch = watch;
  }

  /**
   * Makes a clone, with `hasFiles` one that has a 9pfs device. Calls `onLost` once if the clone dies while it waits. Leaves nothing behind when it
   * rejects. Rejects with ERR_MEMORY when Xen has no memory left for the clone.
   */
  static async make(
    services: SandboxServices,
    template: Template,
    onLost: (member: Member) => void,
    signal: AbortSignal,
    hasFiles = false,
  ): Promise<Member> {
    const { host, budget } = services;
    const { type, vcpus, memoryKib: baseKib } = template.shape;
    const name = POOL_PREFIX + randomBytes(4).toString('hex');
    const steps = new Steps(host.log, `Pool ${name}`);
    const id = sandboxIdOf(newContainerId());
    const memoryKib = baseKib + (hasFiles ? MEMORY_FOR_FILES_KIB : 0);
    const giveBack = await budget.reserve(memoryKib, { reclaim: false });
    const record = newSandboxRecord(
      { id, name, hostname: '', layers: [], inMemory: true },
      { type, cpus: vcpus, memoryKib: baseKib, growsBehind: false },
      services.macs,
    );
    try {
      return await Undo.guard(host.log, async (undo) => {
        undo.push(`MAC of ${name}`, () => services.macs.delete(record.mac));
        const devices = [vif(0, record.mac)];
        undo.push(`packet rules of ${name}`, () => {
          if (record.domid !== undefined)
            services.networks.forget(vifName({ domid: asDomid(record.domid) }, 0));
        });
        const ready = await makeReady(services, { record, template, devices, signal, steps }, undo);
        await prepare(services, ready, { memoryKib, hasFiles, signal, steps });
        // xl then lists the waiting clone, and its start has less to write.
        const { domid, later } = ready;
        await steps.time('records', writeLater(host, domid, record.uuid, later.splice(0)));
        signal.throwIfAborted();
        const lost = (): void => {
          if (member.#isWaiting) onLost(member);
          member.#isWaiting = false;
        };
        const watch = onDomainDeath(host, ready.domid, lost);
        watch.ready.catch((error: unknown) => host.log.warn(`Cannot watch ${name}`, { error }));
        const member = new Member(ready, undo, watch);
        ready.relay.lost.addEventListener('abort', lost, { once: true });
        return member;
      });
    } finally {
      giveBack();
      steps.done();
    }
  }

  /** True when the clone can get shares at once. */
  get hasFiles(): boolean {
    return this.ready.filesRings !== undefined;
  }

  /** True while no event reports the clone's end. A silent clone shows only when it is given its identity. */
  get isAlive(): boolean {
    return this.#isWaiting && !this.ready.relay.lost.aborted;
  }

  /** Hands the clone over: from now on `undo` holds its resources, and the pool no longer watches it. */
  release(undo: Undo): Ready {
    this.#isWaiting = false;
    this.#watch.close();
    undo.push(`clone ${this.ready.record.name}`, () => this.#undo.run());
    return this.ready;
  }

  /** Destroys the clone. Idempotent; never rejects: failures are logged. */
  async destroy(): Promise<void> {
    this.#isWaiting = false;
    this.#watch.close();
    await this.#undo.run();
  }
}

/** Waits until both channels, the vif and, with `hasFiles`, the 9pfs device are connected. Rejects within some seconds when `signal` aborts. */
async function prepare(
  services: SandboxServices,
  ready: Ready,
  {
    memoryKib,
    hasFiles,
    signal,
    steps,
  }: { memoryKib: number; hasFiles: boolean; signal: AbortSignal; steps: Steps },
): Promise<void> {
  const { host, networks } = services;
  const { domid, link, shim } = ready;
  const { mac } = ready.record;
  const stop = new AbortController();
  const connected = untilConnected(host, domid, 'vif', 0, stop.signal);
  // The await below sees the failure.
  connected.catch(() => undefined);
  // A back end that is still connecting when the domain is destroyed writes an error to xenstore that stays.
  const settle = (): Promise<void> => endIn(SETTLE_MS, connected, stop);
  const hangUp = (): void => {
    // Pending requests end with the link.
    link.close();
    void settle();
  };
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    signal.throwIfAborted();
    await steps.time('data', shim.waitUp(WAKE_MS, signal));
    await steps.time('vif', connected);
    await steps.time('told', untilTold(host, domid, signal));
    await steps.time('mac', configure(ready));
    ready.hasVif = true;
    if (hasFiles) await prepareFiles(services, ready, memoryKib, steps, signal);
    if (networks.defaultBridge !== '')
      await steps.time('bridge', networks.plugDefault({ vif: vifName({ domid }, 0), mac }));
  } finally {
    signal.removeEventListener('abort', hangUp);
    await settle();
  }
}

/** Resolves when the agent reports that it runs: xenstore has then told the guest all that it waits for, its memory target included. */
async function untilTold(host: XenHost, domid: Domid, signal: AbortSignal): Promise<void> {
  const path = `/local/domain/${domid}/${XS_STATE}`;
  const options = { timeoutMs: WAKE_MS, signal };
  await host.xenstore.waitFor(path, (state) => state === 'running', options);
}
