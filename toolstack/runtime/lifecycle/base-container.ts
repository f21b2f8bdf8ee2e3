// SPDX-License-Identifier: Apache-2.0
// Defines the base of the administrator's and the container engines' containers: a record with its lifecycle, processes, and an end.

import type { ExitStatus } from '../../api/wire.js';
import type { Log } from '../../base/log.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { Execs } from '../../sandbox/shim/execs.js';
import { advance, hasEnded, type HasState, type LifecycleEvent } from './lifecycle.js';

/** The end of a container: its exit status, or the reason of its loss. */
export type Ending = { exit: ExitStatus } | { reason: string };

/** Stores records. */
export interface Saves<R> {
  save(record: R): Promise<void>;
}

/** The part of a container's record that both front ends have. */
export interface BaseRecord extends HasState {
  readonly id: string;
  /** True while the container's cgroup is frozen, in a domain that runs. */
  isStill?: boolean;
}

export abstract class BaseContainer<R extends BaseRecord> {
  readonly record: R;
  /** The container's domain, or its part of a pod's domain, while it has one. */
  sandbox: ContainerSandbox | undefined;
  /** The container's processes beside the first. */
  readonly execs = new Execs();
  /** Resolves with the first report of the container's end; never rejects. */
  readonly ended: Promise<Ending>;
  /** Settles when the end is recorded and the container's domain or slot is released. */
  readonly finished: Promise<void>;
  /** Handles the shim's messages about this container. */
  readonly shimEvents: ShimEvents;
  protected readonly log: Log;
  readonly #store: Saves<R>;
  #settle: (ending: Ending) => void = () => undefined;
  #setFinished: (finished: Promise<void>) => void = () => undefined;
  #isFinishing = false;
  #written: Promise<void> = Promise.resolve();
  #exclusive: Promise<unknown> = Promise.resolve();

  constructor(record: R, store: Saves<R>, log: Log) {
    this.record = record;
    this.#store = store;
    this.log = log;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.finished = new Promise((resolve) => (this.#setFinished = resolve));
    this.shimEvents = {
      onExit: (process, exit) => {
        if (process === this.first) void this.end({ exit });
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

  /** Names the container in messages. */
  abstract get label(): string;

  /** Ends the container's other processes, and leaves its domain. The record already has the end. Never rejects. */
  protected abstract leave(ending: Ending): Promise<void>;

  /** Notes the container's end, which the shim need not have reported. The first report counts. Resolves as `finished` does. */
  end(ending: Ending): Promise<void> {
    // The shim of a lost guest reports no further process.
    if ('reason' in ending) this.execs.endAll();
    this.#settle(ending);
    return this.finished;
  }

  /** Runs the work that follows the end, in the first call only. `finished` settles with that work. */
  finishBy(work: () => Promise<void>): Promise<void> {
    if (!this.#isFinishing) {
      this.#isFinishing = true;
      this.#setFinished(work());
    }
    return this.finished;
  }

  /**
   * Records the end at once, then leaves the domain, then writes the record. Until the record is written, a new thawd learns of the end from
   * the shim or its status file. Never rejects; logs failures.
   */
  async finish(ending: Ending): Promise<void> {
    const { record, label } = this;
    // An earlier thawd may have recorded the end already.
    if (!hasEnded(record)) advance(record, 'exit' in ending ? 'exit' : 'lose');
    delete record.isStill;
    Object.assign(record, ending);
    if ('reason' in ending) this.log.warn(`Lost ${label}: ${ending.reason}`);
    else this.log.info(`Noted the end of ${label}`, ending.exit);
    await this.leave(ending);
    this.sandbox = undefined;
    try {
      await this.writeEnd();
    } catch (error) {
      this.log.error(`Cannot write down the end of ${label}`, { error });
    }
  }

  /** Writes the record of a container that has left its domain. */
  protected writeEnd(): Promise<void> {
    return this.update({});
  }

  /** Called when the shim reports the end of another process. */
  protected execExited(process: number, exit: ExitStatus): void {
    this.execs.end(process, exit);
  }

  /** Ends the container without an exit status. */
  lose(reason: string): void {
    void this.end({ reason });
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
