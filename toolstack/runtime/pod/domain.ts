// SPDX-License-Identifier: Apache-2.0
// One life of a pod: its domain, whose processes are whose, which disks and which files of the host it has.

import { firstDevice } from '../../sandbox/create/layers.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { PodDisks } from './disks.js';
import { PodFiles } from './shares.js';
import { slotOf, type Slots } from './slots.js';

/** The shim's news for whom they are: how a process ended for its container, the end of the guest for all, after `lose`. */
export function routeEvents(slots: Slots<ShimEvents>, lose: (reason: string) => void): ShimEvents {
  const all = (reason: string): void => {
    const { holders } = slots;
    lose(reason);
    for (const events of holders) events.onLost(reason);
  };
  return {
    onExit: (process, exit) => slots.holder(slotOf(process))?.onExit(process, exit),
    onLost: all,
    onGone: () => all('its shim was killed'),
  };
}

export class PodDomain {
  readonly sandbox: Sandbox;
  readonly slots: Slots<ShimEvents>;
  readonly disks: PodDisks;
  readonly files: PodFiles;
  #ending: Promise<void> | undefined;

  constructor(services: SandboxServices, sandbox: Sandbox, slots: Slots<ShimEvents>) {
    this.sandbox = sandbox;
    this.slots = slots;
    const { domid, record } = sandbox;
    const first = firstDevice(record) + (record.devices?.length ?? 0);
    this.disks = new PodDisks(services, { domid, uuid: record.uuid, first });
    this.files = new PodFiles(services.host, sandbox);
  }

  /** Whether a guest is there to be asked. */
  get isAlive(): boolean {
    return this.#ending === undefined;
  }

  /** Destroys it, as Sandbox.destroy() does; what its containers have of the host they give back. Idempotent; never rejects. */
  end(how: Parameters<Sandbox['destroy']>[0] = {}): Promise<void> {
    this.#ending ??= this.sandbox.destroy(how);
    return this.#ending;
  }

  /** Resolves when it is gone, at once while nobody ends it. */
  async gone(): Promise<void> {
    await this.#ending;
  }
}
