// SPDX-License-Identifier: Apache-2.0
// One run of an administrator's container: from its start until its process ends or its guest is lost, and its sandbox goes.

import type { ExitStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';
import type { Log } from '../../base/log.js';
import { firstProcess, type Place } from '../pod/index.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { ContainerRecord, RecordStore } from '../store/record.js';
import { BaseContainer, type Ending } from './base-container.js';
import { advance } from './lifecycle.js';

export class Container extends BaseContainer<ContainerRecord> {
  /** Settles when its start has, while that is under way. */
  launched: Promise<unknown> | undefined;
  /** Settles when the guest that has only its files is gone, while there is one; it is undefined by then. */
  fileGuest: Promise<unknown> | undefined;
  /** Watches its domain again, since a suspend has used up the watch; set by ContainerManager.watchOver(). */
  watchAgain: () => void = () => undefined;
  /** Resolves once its sandbox is gone and its state is written; set by ContainerManager.watchOver(). */
  finished: Promise<void> | undefined;
  readonly #store: RecordStore;
  readonly #log: Log;

  constructor(record: ContainerRecord, store: RecordStore, log: Log) {
    super(record, store);
    this.#store = store;
    this.#log = log;
  }

  /** Its domain, where it has that to itself. */
  get ownSandbox(): Sandbox | undefined {
    // SAFETY: only a container in a pod has another kind.
    return this.record.pod ? undefined : (this.sandbox as Sandbox | undefined);
  }

  /** Its place in its pod's domain. */
  takePlace(place: Place): void {
    this.record.place = { ...place };
    this.execs.beginAt(firstProcess(place.slot));
  }

  end(ending: Ending): void {
    this.settle(ending);
    this.execs.endAll();
  }

  /** finish() waits for the other processes. */
  protected firstExited(exit: ExitStatus): void {
    this.settle({ exit });
  }

  /**
   * Records the end at once, then destroys the sandbox, then writes the record, or removes the container when it is --rm.
   * Until the record is written, a new thawd learns of the end from the shim or its status file.
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
    // The other processes are dead too, and their clients are still to hear of it.
    if ('exit' in ending) await this.execs.drain(EXECS_MS);
    await this.sandbox?.destroy({ putsAway: 'exit' in ending && !rm });
    this.sandbox = undefined;
    // Another container may have it from now on.
    delete this.record.place;
    try {
      await this.written;
      if (rm) await this.#store.remove(id);
      else await this.update({});
    } catch (error) {
      this.#log.error(`Cannot write down the end of container ${name}`, { error });
    }
  }
}

const LINGER_MS = 10;
const EXECS_MS = 10_000;
