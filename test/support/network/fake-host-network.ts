// SPDX-License-Identifier: Apache-2.0
// A fake dom0 kernel that records its calls.

import type { HostNetwork } from '../../../toolstack/network/index.js';

export class FakeHostNetwork implements HostNetwork {
  readonly calls: unknown[][] = [];
  /** The rules for packets loaded last. */
  rules = '';
  subnets: string[] = ['192.0.2.9/24'];
  /** The error with which all calls reject. */
  failure: Error | undefined;

  addBridge({ bridge }: { bridge: string }): Promise<void> {
    return this.#note('add', bridge);
  }

  removeBridge(bridge: string): Promise<void> {
    return this.#note('remove', bridge);
  }

  /** The number of times that has() first returns false. */
  absences = 0;

  has(): boolean {
    return this.absences-- <= 0;
  }

  /** The number of times that forwards() first returns false. */
  pending = 0;

  forwards(): boolean {
    return this.pending-- <= 0;
  }

  join(name: string, bridge: string): Promise<void> {
    return this.#note('join', name, bridge);
  }

  load(rules: string): Promise<void> {
    if (!rules.startsWith('table bridge')) this.rules = rules;
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
