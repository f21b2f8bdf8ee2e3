// SPDX-License-Identifier: Apache-2.0
// One container's life after its start: it runs until its process ends or its guest is lost, and then its sandbox goes.

import type { ExitStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';
import type { Log } from '../../base/log.js';
import { firstProcess, type Place } from '../pod/index.js';
import type { ContainerSandbox, Sandbox } from '../../sandbox/sandbox.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { Execs } from '../../sandbox/shim/execs.js';
import type { ContainerRecord, RecordStore } from '../store/record.js';
import { advance, type LifecycleEvent } from './lifecycle.js';

/** How a container ended. */
export type Ending = { exit: ExitStatus } | { reason: string };

export class Container {
  readonly record: ContainerRecord;
  /** Resolves with the first news of its end; never rejects. */
  readonly ended: Promise<Ending>;
  /** The processes that run in it beside the first. */
  readonly execs = new Execs();
  sandbox: ContainerSandbox | undefined;
  /** Settles when its start has, while that is under way. */
  launched: Promise<unknown> | undefined;
  /** Settles when a guest that was started for its files alone is gone, while there is one; it is undefined by then. */
  opened: Promise<unknown> | undefined;
  /** Watches its domain anew, which a suspend has used up; set by whoever looks after it. */
  watchAgain: () => void = () => undefined;
  /** Resolves once its sandbox is gone and its state is written; set by whoever looks after it. */
  finished: Promise<void> | undefined;
  readonly #store: RecordStore;
  readonly #log: Log;
  #end: (ending: Ending) => void = () => undefined;
  #written: Promise<void> = Promise.resolve();
  #still: Promise<unknown> = Promise.resolve();

  constructor(record: ContainerRecord, store: RecordStore, log: Log) {
    this.record = record;
    this.#store = store;
    this.#log = log;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Its domain, where it has that to itself. */
  get ownSandbox(): Sandbox | undefined {
    // SAFETY: only that of a container in a pod is another.
    return this.record.pod ? undefined : (this.sandbox as Sandbox | undefined);
  }

  /** Its place in its pod's domain. */
  takePlace(place: Place): void {
    this.record.place = { ...place };
    this.execs.beginAt(firstProcess(place.slot));
  }

  /** What the shim's news mean for this container. */
  get shimEvents(): ShimEvents {
    return {
      onExit: (process, exit) => {
        if (process === this.execs.first) this.#end({ exit });
        else this.execs.end(process, exit);
      },
      onLost: (reason) => this.lose(reason),
      onGone: () => this.lose('its shim was killed'),
    };
  }

  /** Its process is gone as one that ended so, though no shim says it. */
  end(exit: ExitStatus): void {
    this.#end({ exit });
    this.execs.endAll();
  }

  /** Ends it in thawd's books for a reason that no shim reports. */
  lose(reason: string): void {
    this.#end({ reason });
    this.execs.endAll();
  }

  /** Changes the record, its state by the lifecycle, then writes it. Throws ERR_LIFECYCLE at once. */
  transition(
    event: LifecycleEvent,
    change: Partial<Omit<ContainerRecord, 'state'>> = {},
  ): Promise<void> {
    advance(this.record, event);
    return this.update(change);
  }

  /** Changes the record, then writes it; writes go to the disk in the order of the calls. */
  update(change: Partial<Omit<ContainerRecord, 'state'>>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.#store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** Runs `work`, which stops the container for a moment, after any other such work, and before what awaits moving(). */
  still<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#still.then(work);
    this.#still = done.catch(() => undefined);
    return done;
  }

  /** Resolves when nobody keeps it still. */
  async moving(): Promise<void> {
    await this.#still;
  }

  /**
   * After the end: in the books at once, then the sandbox goes, then the state is written, or the container removed when it was
   * --rm. Until it is written, the next thawd learns of the end from the shim or its status file.
   */
  async finish(ending: Ending): Promise<void> {
    const { name, rm, id } = this.record;
    advance(this.record, 'exit' in ending ? 'exit' : 'lose');
    delete this.record.isStill;
    Object.assign(this.record, ending, { finished: Date.now() });
    if ('reason' in ending) this.#log.warn(`Container ${name} is lost: ${ending.reason}`);
    else this.#log.info(`Container ${name} ended`, ending.exit);
    // Its client comes first: on a host with few CPUs the clean-up would be in its way.
    if ('exit' in ending) await sleep(LINGER_MS);
    // They are as dead as the first, and their clients are still to hear of it.
    if ('exit' in ending) await this.execs.drain(EXECS_MS);
    await this.sandbox?.destroy({ putsAway: 'exit' in ending && !rm });
    this.sandbox = undefined;
    // Somebody else's from now on.
    delete this.record.place;
    try {
      await this.#written;
      if (rm) await this.#store.remove(id);
      else await this.update({});
    } catch (error) {
      this.#log.error(`Cannot write down the end of container ${name}`, { error });
    }
  }
}

const LINGER_MS = 10;
const EXECS_MS = 10_000;
