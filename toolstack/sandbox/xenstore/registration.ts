// SPDX-License-Identifier: Apache-2.0
// What xenstore is told of a sandbox, and when: introduction and vif at once or behind its start, names and console a little after that, and
// after a thawd that was killed what that did not come to.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { connectAgain, endIn, LateConnection, SETTLE_MS } from './deferred-registration.js';
import { LateRecords } from './deferred-records.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import type { SandboxServices } from '../services.js';

/**
 * After the start, where nobody waits for it: what brings the connection takes the CPU from the container's program, and one that is short has
 * ended without it.
 */
const REST_MS = 10;

export class StoreSide {
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #records: LateRecords;
  readonly #connection: LateConnection | undefined;
  /** Ends what catchUp() left under way. */
  #catchingUp: (() => Promise<void>) | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isOver = false;

  /** With `isNew`, what is in `record.introduction` is this one's to do, and not what an earlier thawd left. The others are LateRecords'. */
  constructor(
    services: SandboxServices,
    record: SandboxRecord,
    domid: Domid,
    fresh: { isNew: boolean; later?: readonly StoreEntry[]; isRenamed?: boolean },
  ) {
    this.#services = services;
    this.#record = record;
    this.#domid = domid;
    this.#records = new LateRecords(services, record, domid, fresh);
    if (fresh.isNew && record.introduction)
      this.#connection = new LateConnection(services, record, domid);
  }

  /** Whether xenstore may not know the domain, and so cannot say that it has ended. */
  get isLate(): boolean {
    return this.#connection !== undefined;
  }

  /** Resolves when its vif is in its network. Rejects as LateConnection.connected does. */
  get connected(): Promise<void> {
    return this.#connection?.connected ?? Promise.resolve();
  }

  /** As `connected`, for which nothing rests any longer. */
  async connect(): Promise<void> {
    await this.known();
    await this.connected;
  }

  /** Resolves when xenstore knows it, which it has it do at once. Rejects as LateConnection.known does. */
  async known(): Promise<void> {
    if (this.#rest) this.#begin();
    await this.#connection?.begin();
  }

  /** From now on the time of what no start waits for runs. */
  schedule(): void {
    if (!this.#connection) this.#records.schedule();
    else if (!this.#isOver) this.#rest ??= setTimeout(() => this.#begin(), REST_MS);
  }

  #begin(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    void this.#connection?.begin().then(
      () => this.#isOver || this.#records.schedule(),
      () => undefined,
    );
  }

  /** Resolves when xenstore has what no start waits for. Never rejects. */
  async written(): Promise<void> {
    void this.known().catch(() => undefined);
    await this.connected.catch(() => undefined);
    await this.#records.written();
  }

  /** As LateRecords.rename(), after all that was to be written before. */
  async rename(name: string): Promise<void> {
    await this.written();
    await this.#records.rename(name);
  }

  /**
   * Writes what an earlier thawd did not come to, and sees to it that it is connected, of which `onConnected` is told. Never rejects; what
   * fails is logged.
   */
  async catchUp(onConnected: () => void = () => undefined): Promise<void> {
    if (this.#isOver) return;
    const wasConnected = this.#record.introduction === undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const known = connectAgain(this.#services, this.#record, this.#domid, signal);
    const connecting = known.then((connect) => connect()).then(() => wasConnected || onConnected());
    this.#catchingUp = () => endIn(SETTLE_MS, connecting, stop);
    void quietly(this.#services, async () => {
      await connecting.catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    });
    await known.catch(() => undefined);
    await quietly(this.#services, () => this.#records.catchUp());
  }

  /** The domain is going: nobody reads what would be written of it. */
  cancel(): void {
    clearTimeout(this.#rest);
    this.#records.cancel();
  }

  /** Nothing is written of it from now on, nor under way. Never rejects. */
  async end(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#rest);
    await Promise.all([this.#connection?.end(), this.#catchingUp?.()]);
  }
}
