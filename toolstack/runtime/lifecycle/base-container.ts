// SPDX-License-Identifier: Apache-2.0
// Defines the base of the administrator's and the container engines' containers: a record with its lifecycle, processes, and an end.

import type { ExitStatus } from '../../api/wire.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { Execs } from '../../sandbox/shim/execs.js';
import { advance, type HasState, type LifecycleEvent } from './lifecycle.js';

/** The end of a container: its exit status, or the reason of its loss. */
export type Ending = { exit: ExitStatus } | { reason: string };

/** Stores records. */
export interface Saves<R> {
  save(record: R): Promise<void>;
}

export abstract class BaseContainer<R extends HasState & { readonly id: string }> {
  readonly record: R;
  /** The container's domain, or its part of a pod's domain, while it has one. */
  sandbox: ContainerSandbox | undefined;
  /** The container's processes beside the first. */
  readonly execs = new Execs();
  /** Resolves with the first report of the container's end; never rejects. */
  readonly ended: Promise<Ending>;
  /** Handles the shim's messages about this container. */
  readonly shimEvents: ShimEvents;
  readonly #store: Saves<R>;
  #settle: (ending: Ending) => void = () => undefined;
  #written: Promise<void> = Promise.resolve();
  #exclusive: Promise<unknown> = Promise.resolve();

  constructor(record: R, store: Saves<R>) {
    this.record = record;
    this.#store = store;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.shimEvents = {
      onExit: (process, exit) => {
        if (process === this.first) this.firstExited(exit);
        else this.execExited(process, exit);
      },
      onLost: (reason) => this.lose(reason),
      onGone: () => this.lose('its shim was killed'),
    };
  }

  /** The number of the container's first process on its domain's data channel. */
  get first(): number {
    return this.execs.first;
  }

  /** Notes the container's end, which the shim need not have reported. The first report counts. */
  abstract end(ending: Ending): unknown;

  /** Called when the shim reports the end of the first process. */
  protected abstract firstExited(exit: ExitStatus): void;

  /** Called when the shim reports the end of another process. */
  protected execExited(process: number, exit: ExitStatus): void {
    this.execs.end(process, exit);
  }

  /** Ends the container without an exit status. */
  lose(reason: string): void {
    void this.end({ reason });
  }

  /** Resolves `ended`. */
  protected settle(ending: Ending): void {
    this.#settle(ending);
  }

  /** Moves the state by the lifecycle, changes the record, and writes it. Throws ERR_LIFECYCLE at once. */
  transition(event: LifecycleEvent, change: Partial<Omit<R, 'state'>> = {}): Promise<void> {
    advance(this.record, event);
    return this.update(change);
  }

  /** Changes the record and writes it. The writes follow the order of the calls. */
  update(change: Partial<Omit<R, 'state'>>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.#store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** Resolves when all changes by earlier calls of update() are written. */
  protected get written(): Promise<void> {
    return this.#written;
  }

  /** Runs `work` after all earlier exclusive work: a pause, a copy, a change of limits. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(work);
    this.#exclusive = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all exclusive work requested so far is done. */
  async exclusiveDone(): Promise<void> {
    await this.#exclusive;
  }
}
