// SPDX-License-Identifier: Apache-2.0
// What the administrator's containers and the engines' have in common: a record with its lifecycle, processes, and an end.

import type { ExitStatus } from '../../api/wire.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { Execs } from '../../sandbox/shim/execs.js';
import { advance, type HasState, type LifecycleEvent } from './lifecycle.js';

/** How a container ended. */
export type Ending = { exit: ExitStatus } | { reason: string };

/** Where records go. */
export interface Saves<R> {
  save(record: R): Promise<void>;
}

export abstract class BaseContainer<R extends HasState & { readonly id: string }> {
  readonly record: R;
  /** Its part of the domain that it is in, while it has one. */
  sandbox: ContainerSandbox | undefined;
  /** The processes that run in it beside the first. */
  readonly execs = new Execs();
  /** Resolves with the first news of its end; never rejects. */
  readonly ended: Promise<Ending>;
  /** What the shim's news mean for this container. */
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

  /** The number of its first process on its domain's data channel. */
  get first(): number {
    return this.execs.first;
  }

  /** Takes note of its end, which the shim need not have reported. The first news of it counts. */
  abstract end(ending: Ending): unknown;

  /** The shim reports the end of its first process. */
  protected abstract firstExited(exit: ExitStatus): void;

  /** The shim reports the end of another of its processes. */
  protected execExited(process: number, exit: ExitStatus): void {
    this.execs.end(process, exit);
  }

  /** Ends it without an exit status. */
  lose(reason: string): void {
    void this.end({ reason });
  }

  /** Resolves `ended`. */
  protected settle(ending: Ending): void {
    this.#settle(ending);
  }

  /** Moves its state by the lifecycle, changes the record, and writes it. Throws ERR_LIFECYCLE at once. */
  transition(event: LifecycleEvent, change: Partial<Omit<R, 'state'>> = {}): Promise<void> {
    advance(this.record, event);
    return this.update(change);
  }

  /** Changes the record and writes it; records are written in the order of the calls. */
  update(change: Partial<Omit<R, 'state'>>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.#store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** Resolves when the record is written as far as update() was called. */
  protected get written(): Promise<void> {
    return this.#written;
  }

  /** Runs `work` after any other work of this kind: a pause, a copy, other limits. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(work);
    this.#exclusive = done.catch(() => undefined);
    return done;
  }

  /** Resolves when the exclusive work that was begun is done. */
  async exclusiveDone(): Promise<void> {
    await this.#exclusive;
  }
}
