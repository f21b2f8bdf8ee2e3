// SPDX-License-Identifier: Apache-2.0
// A fake dom0 kernel that records its calls.

import type { HostNetwork } from '../../../toolstack/network/index.js';

export class FakeHostNetwork implements HostNetwork {
  readonly calls: unknown[][] = [];
  /** The rules for packets loaded last. */
  rules = '';
  /** The rules for frames loaded last. */
  frameRules = '';
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

  /** Tests replace it. */
  has: (name?: string) => boolean = () => this.absences-- <= 0;

  isPort(): boolean {
    return false;
  }

  /** The number of times that forwards() first returns false. */
  pending = 0;

  forwards(): boolean {
    return this.pending-- <= 0;
  }

  join(name: string, bridge: string): Promise<void> {
    return this.#note('join', name, bridge);
  }

  setPort(name: string, mac: string, learns: boolean): Promise<void> {
    return this.#note('port', name, mac, learns);
  }

  /** The error with which sendRules() rejects once. */
  rulesFailure: Error | undefined;

  async sendRules(): Promise<void> {
    await this.#note('rules');
    const failure = this.rulesFailure;
    this.rulesFailure = undefined;
    if (failure) throw failure;
  }

  load(rules: string): Promise<void> {
    if (rules.startsWith('table bridge')) this.frameRules = rules;
    else this.rules = rules;
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
