// SPDX-License-Identifier: Apache-2.0
// Answers for an administrator's container in a pod. The domain, its size and its addresses are the pod's.

import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { inPod } from '../errors.js';
import type { ContainerRecord } from '../store/record.js';
import { checkMember } from './pod-options.js';
import type { MemberOptions, Membership, MemberServices } from './membership.js';

export class PodMember implements Membership {
  readonly ownsDomain = false;
  readonly #pods: MemberServices['pods'];
  readonly #record: ContainerRecord;
  readonly #pod: { id: string; name: string };

  constructor(
    { pods }: MemberServices,
    record: ContainerRecord,
    pod: { id: string; name: string },
  ) {
    this.#pods = pods;
    this.#record = record;
    this.#pod = pod;
  }

  get limits(): Membership['limits'] {
    const { cpus, memoryBytes } = this.#record.options ?? {};
    return { cpus, memoryBytes };
  }

  checkOptions(options: MemberOptions): void {
    checkMember(this.#pods.find(this.#pod.id), options);
  }

  checkUnpause(isPaused: boolean): void {
    if (this.#record.isStill !== true || isPaused)
      throw inPod('unpause', this.#record, `use thaw pod unpause ${this.#pod.name}`);
  }

  async find(events: ShimEvents): Promise<ContainerSandbox | undefined> {
    const { place, inGuest: name } = this.#record;
    if (!place) return undefined;
    return this.#pods.rejoin(this.#pod.id, { name, place, events }).catch(() => undefined);
  }

  async ask<T>(look: (shim: ContainerSandbox['shim']) => Promise<T>): Promise<T | undefined> {
    const domain = this.#pods.domainOf(this.#pod.id);
    return domain && look(domain.sandbox.shim);
  }

  async adoptAddresses(): Promise<void> {
    // The pod has adopted them.
  }

  async release(): Promise<void> {
    // The pod's domain stays.
  }
}
