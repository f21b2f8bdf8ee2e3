// SPDX-License-Identifier: Apache-2.0
// One container's life after its start: it runs until its process ends or its guest is lost, and then its sandbox goes.

import type { ExitStatus } from '../api/wire.js';
import type { Log } from '../base/log.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { ShimEvents } from '../sandbox/shim-client.js';
import { Execs, INIT_PROCESS } from './execs.js';
import type { ContainerRecord, RecordStore } from './record.js';

export { INIT_PROCESS };

/** How a container ended. */
export type Ending = { exit: ExitStatus } | { reason: string };

export class Container {
  readonly record: ContainerRecord;
  /** Resolves with the first news of its end; never rejects. */
  readonly ended: Promise<Ending>;
  /** The processes that run in it beside the first. */
  readonly execs = new Execs();
  sandbox: Sandbox | undefined;
  /** Resolves once its sandbox is gone and its state is written; set by whoever looks after it. */
  finished: Promise<void> | undefined;
  readonly #store: RecordStore;
  readonly #log: Log;
  #end: (ending: Ending) => void = () => undefined;

  constructor(record: ContainerRecord, store: RecordStore, log: Log) {
    this.record = record;
    this.#store = store;
    this.#log = log;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** What the shim's news mean for this container. */
  get shimEvents(): ShimEvents {
    return {
      onExit: (process, exit) => {
        if (process === INIT_PROCESS) this.#end({ exit });
        else this.execs.end(process);
      },
      onLost: (reason) => this.lose(reason),
      onGone: () => this.lose('its shim was killed'),
    };
  }

  /** Ends it in thawd's books for a reason that no shim reports. */
  lose(reason: string): void {
    this.#end({ reason });
    this.execs.endAll();
  }

  /** Changes what is written down, then writes it. */
  async update(change: Partial<ContainerRecord>): Promise<void> {
    Object.assign(this.record, change);
    await this.#store.save(this.record);
  }

  /** After the end: removes the sandbox, then writes the state, or removes the container when it was --rm. */
  async finish(ending: Ending): Promise<void> {
    // They are as dead as the first, and their clients are still to hear of it.
    if ('exit' in ending) await this.execs.drain(EXECS_MS);
    await this.sandbox?.destroy();
    this.sandbox = undefined;
    const { name, rm, id } = this.record;
    if ('reason' in ending) this.#log.warn(`Container ${name} is lost: ${ending.reason}`);
    else this.#log.info(`Container ${name} ended`, ending.exit);
    try {
      if (rm) await this.#store.remove(id);
      else {
        const state = 'exit' in ending ? 'exited' : 'lost';
        await this.update({ ...ending, state, finished: Date.now() });
      }
    } catch (error) {
      this.#log.error(`Cannot write down the end of container ${name}`, { error });
    }
  }
}

const EXECS_MS = 3000;
