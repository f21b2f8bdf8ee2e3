// SPDX-License-Identifier: Apache-2.0
// Manages one run of an administrator's container: from its start until its process ends or its guest is lost, and its sandbox is gone.

import type { ExitStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';
import type { Log } from '../../base/log.js';
import { firstProcess, type Place } from '../pod/index.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { ContainerRecord, RecordStore } from '../store/record.js';
import { BaseContainer, type Ending } from './base-container.js';
import { advance } from './lifecycle.js';

export class Container extends BaseContainer<ContainerRecord> {
  /** Settles with the start, while a start is under way. */
  launched: Promise<unknown> | undefined;
  /** Settles when the container's file guest is gone. Undefined without a file guest, and by the time that it settles. */
  fileGuest: Promise<unknown> | undefined;
  /** Watches the domain again after a suspend, which uses up the watch; set by ContainerManager.watchOver(). */
  watchAgain: () => void = () => undefined;
  /** Resolves once the sandbox is gone and the state is written; set by ContainerManager.watchOver(). */
  finished: Promise<void> | undefined;
  readonly #store: RecordStore;
  readonly #log: Log;

  constructor(record: ContainerRecord, store: RecordStore, log: Log) {
    super(record, store);
    this.#store = store;
    this.#log = log;
  }

  /** The container's own domain; undefined in a pod. */
  get ownSandbox(): Sandbox | undefined {
    // SAFETY: only a container in a pod has another kind of sandbox.
    return this.record.pod ? undefined : (this.sandbox as Sandbox | undefined);
  }

  /** Records the container's place in its pod's domain. */
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
    // The client comes first: on a host with few CPUs the clean-up would delay it.
    if ('exit' in ending) await sleep(LINGER_MS);
    // The other processes are dead too, and their clients must still hear of it.
    if ('exit' in ending) await this.execs.drain(EXECS_MS);
    await this.sandbox?.destroy({ putsAway: 'exit' in ending && !rm });
    this.sandbox = undefined;
    // Another container may have the place from now on.
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
