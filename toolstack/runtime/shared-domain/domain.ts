// SPDX-License-Identifier: Apache-2.0
// Manages a domain that several containers can share: a sandbox with slots, disks and shares that come and go with its containers.

import type { ShimStatus } from '../../api/wire.js';
import type { Log } from '../../base/log.js';
import { createSandbox, type CreateOptions } from '../../sandbox/create/create.js';
import { firstDevice } from '../../sandbox/boot/layers.js';
import type { Pool } from '../../sandbox/pool/pool.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { INIT_PROCESS } from '../../sandbox/shim/execs.js';
import { MemberDisks } from './disks.js';
import { MemberShares } from './shares.js';
import { slotOf, Slots } from './slots.js';

/** The slot of the container that a domain is made for. */
export const OWN_SLOT = slotOf(INIT_PROCESS);

/** Passes the end of a process to its container, and the end of the guest first to `lose`, then to all containers. */
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

export class SharedDomain {
  readonly sandbox: Sandbox;
  readonly slots: Slots<ShimEvents>;
  readonly disks: MemberDisks;
  readonly shares: MemberShares;
  readonly #log: Log;
  #ending: Promise<void> | undefined;

  constructor(services: SandboxServices, sandbox: Sandbox, slots: Slots<ShimEvents>) {
    this.sandbox = sandbox;
    this.slots = slots;
    this.#log = services.host.log;
    const { domid, record } = sandbox;
    const first = firstDevice(record) + (record.devices?.length ?? 0);
    this.disks = new MemberDisks(services, { domid, uuid: record.uuid, first });
    this.shares = new MemberShares(services.host, sandbox);
  }

  /** True until the domain is ended. */
  get isAlive(): boolean {
    return this.#ending === undefined;
  }

  /** Resolves with the shim's status if it answers. The shim remembers processes of containers that have left: notes their slots as used. */
  async passSlots(): Promise<ShimStatus | undefined> {
    const status = await this.sandbox.shim.status().catch(() => undefined);
    for (const { process } of status?.processes ?? []) this.slots.pass(slotOf(process));
    return status;
  }

  /** Removes shares and disks that no container has. All containers of an earlier thawd are in the domain. Never rejects; logs failures. */
  async sweep(owner: string): Promise<void> {
    const wrong = (what: string) => (error: unknown) =>
      this.#log.error(`Cannot look for ${what} of ${owner}`, { error });
    await this.shares.sweep().catch(wrong('files'));
    await this.disks.sweep().catch(wrong('disks'));
  }

  /** Destroys the domain as Sandbox.destroy() does. The containers release their own parts of the host. Idempotent; never rejects. */
  end(how: Parameters<Sandbox['destroy']>[0] = {}): Promise<void> {
    this.#ending ??= this.sandbox.destroy(how);
    return this.#ending;
  }

  /** Resolves when the domain is gone, or at once while it is alive. */
  async gone(): Promise<void> {
    await this.#ending;
  }
}

/** Returns the slots of a domain that one container owns, and the handler of the shim's messages. */
export function ownSlots(events: ShimEvents): { slots: Slots<ShimEvents>; routed: ShimEvents } {
  const slots = new Slots<ShimEvents>();
  slots.adopt(OWN_SLOT, events);
  return { slots, routed: routeEvents(slots, () => undefined) };
}

/** Makes a domain for one container, which gets `options.events`. Other containers may enter later. Rejects as createSandbox() does. */
export async function makeDomain(
  { sandbox: services, pool }: { sandbox: SandboxServices; pool: Pool },
  record: SandboxRecord,
  { events, ...options }: CreateOptions,
): Promise<SharedDomain> {
  const { slots, routed } = ownSlots(events);
  const sandbox = await createSandbox(services, pool, record, { ...options, events: routed });
  return new SharedDomain(services, sandbox, slots);
}
