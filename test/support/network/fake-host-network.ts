// SPDX-License-Identifier: Apache-2.0
// A fake dom0 kernel that notes its calls.

import type { HostNetwork } from '../../../toolstack/network/index.js';

export class FakeHostNetwork implements HostNetwork {
  readonly calls: unknown[][] = [];
  /** The rules loaded last. */
  rules = '';
  subnets: string[] = ['192.0.2.9/24'];
  /** All calls reject with it. */
  failure: Error | undefined;

  addBridge({ bridge }: { bridge: string }): Promise<void> {
    return this.#note('add', bridge);
  }

  removeBridge(bridge: string): Promise<void> {
    return this.#note('remove', bridge);
  }

  /** How many times has() answers no first. */
  absences = 0;

  has(): boolean {
    return this.absences-- <= 0;
  }

  /** How many times forwards() answers no first. */
  pending = 0;

  forwards(): boolean {
    return this.pending-- <= 0;
  }

  join(name: string, bridge: string): Promise<void> {
    return this.#note('join', name, bridge);
  }

  load(rules: string): Promise<void> {
    this.rules = rules;
    return this.#note('load');
  }

  ownSubnets(): string[] {
    return this.subnets;
  }

  nameServers(): string[] {
    return ['192.0.2.53'];
  }

  #note(...call: unknown[]): Promise<void> {
    this.calls.push(call);
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }
}
