// SPDX-License-Identifier: Apache-2.0
// Answers for an administrator's container in a domain of its own.

import { adoptAttachment } from '../../sandbox/devices/network-request.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { adoptDomain, releaseDomain } from '../recover/reattach.js';
import type { ContainerRecord } from '../store/record.js';
import type { Membership } from './membership.js';

export class OwnDomain implements Membership {
  readonly ownsDomain = true;
  readonly #services: SandboxServices;
  readonly #record: ContainerRecord;

  constructor(services: SandboxServices, record: ContainerRecord) {
    this.#services = services;
    this.#record = record;
  }

  get limits(): Membership['limits'] {
    const { cpus, memoryBytes } = this.#record;
    return { cpus, memoryBytes };
  }

  checkOptions(): void {
    // The domain is made, and changed, as the options say.
  }

  checkUnpause(): void {
    // The whole sandbox resumes.
  }

  find(events: ShimEvents): Promise<ContainerSandbox | undefined> {
    return adoptDomain(this.#services, this.#record.sandbox, events);
  }

  async ask<T>(look: (shim: ContainerSandbox['shim']) => Promise<T>): Promise<T | undefined> {
    const sandbox = await adoptDomain(this.#services, this.#record.sandbox, NOTHING);
    try {
      return sandbox && (await look(sandbox.shim));
    } finally {
      await sandbox?.letGo();
    }
  }

  async adoptAddresses(): Promise<void> {
    const { sandbox } = this.#record;
    this.#services.macs.add(sandbox.mac);
    await adoptAttachment(this.#services, sandbox);
  }

  release(): Promise<void> {
    return releaseDomain(this.#services, this.#record.sandbox);
  }
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };
