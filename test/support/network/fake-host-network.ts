// SPDX-License-Identifier: Apache-2.0
// A dom0 kernel that writes down what it is told of networks.

import type { HostNetwork } from '../../../toolstack/network/index.js';

export class FakeHostNetwork implements HostNetwork {
  readonly calls: unknown[][] = [];
  /** The rules that were loaded last. */
  rules = '';
  subnets: string[] = ['192.0.2.9/24'];
  /** What everything rejects with. */
  failure: Error | undefined;

  addBridge({ bridge }: { bridge: string }): Promise<void> {
    return this.#note('add', bridge);
  }

  removeBridge(bridge: string): Promise<void> {
    return this.#note('remove', bridge);
  }

  /** How often it says that an interface is not there yet. */
  absences = 0;

  has(): boolean {
    return this.absences-- <= 0;
  }

  /** The same of a port that it is up. */
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
