// SPDX-License-Identifier: Apache-2.0
// Schedules what xenstore learns of a sandbox: introduction and vif at once or after the start, names and console a little later. Also does the work
// that a killed thawd did not finish.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { connectAgain, endIn, LateConnection, SETTLE_MS } from './deferred-registration.js';
import { LateRecords } from './deferred-records.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import type { SandboxServices } from '../services.js';

/**
 * Delay after the start, so that no caller waits for the connection: its work takes the CPU from the container's program, and a short program ends
 * without it.
 */
const REST_MS = 10;

export class StoreSide {
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #records: LateRecords;
  readonly #connection: LateConnection | undefined;
  /** Ends the work that catchUp() started. */
  #catchingUp: (() => Promise<void>) | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isOver = false;

  /**
   * With `isNew`, this object does the work in `record.introduction`; otherwise an earlier thawd left that work. LateRecords gets the
   * remaining options.
   */
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

  /** True when xenstore may not know the domain, and so cannot report its end. */
  get isLate(): boolean {
    return this.#connection !== undefined;
  }

  /** Resolves when the vif is in its network. Rejects as LateConnection.connected does. */
  get connected(): Promise<void> {
    return this.#connection?.connected ?? Promise.resolve();
  }

  /** Starts deferred work at once, then resolves and rejects as `connected` does. */
  async connect(): Promise<void> {
    await this.known();
    await this.connected;
  }

  /** Introduces the domain at once. Resolves when xenstore knows it. Rejects as LateConnection.known does. */
  async known(): Promise<void> {
    if (this.#rest) this.#begin();
    await this.#connection?.begin();
  }

  /** Starts the delay of the work that no start waits for. */
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

  /** Resolves when xenstore has the records that no start waits for. Never rejects. */
  async written(): Promise<void> {
    void this.known().catch(() => undefined);
    await this.connected.catch(() => undefined);
    await this.#records.written();
  }

  /** Writes all deferred records, then renames the domain as LateRecords.rename() does. */
  async rename(name: string): Promise<void> {
    await this.written();
    await this.#records.rename(name);
  }

  /**
   * Writes the records that an earlier thawd did not write, and connects the domain. Calls `onConnected` when that is done. Never rejects; failures
   * are logged.
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

  /** Cancels deferred records: the domain is about to be destroyed, and no program would read them. */
  cancel(): void {
    clearTimeout(this.#rest);
    this.#records.cancel();
  }

  /** Ends deferred work. No write to the domain's records follows or is under way afterwards. Never rejects. */
  async end(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#rest);
    await Promise.all([this.#connection?.end(), this.#catchingUp?.()]);
  }
}
