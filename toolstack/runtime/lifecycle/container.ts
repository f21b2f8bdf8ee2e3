// SPDX-License-Identifier: Apache-2.0
// Manages one run of an administrator's container: from its start until its process ends or its guest is lost, and its sandbox is gone.

import { sleep } from '../../base/deadline.js';
import type { Log } from '../../base/log.js';
import { firstProcess, type MemberSlot } from '../shared-domain/index.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { ContainerRecord, RecordStore } from '../store/record.js';
import { BaseContainer, type Ending } from './base-container.js';

export class Container extends BaseContainer<ContainerRecord> {
  /** Settles with the start, while a start is under way. */
  launched: Promise<unknown> | undefined;
  /** Settles when the container's file guest is gone. Undefined without a file guest, and by the time that it settles. */
  fileGuest: Promise<unknown> | undefined;
  /** Watches the domain again after a suspend, which uses up the watch; set by ContainerManager.watchOver(). */
  watchAgain: () => void = () => undefined;
  /** True from ContainerManager.watchOver() until `finished`. */
  isWatched = false;
  readonly #store: RecordStore;

  constructor(record: ContainerRecord, store: RecordStore, log: Log) {
    super(record, store, log);
    this.#store = store;
  }

  get label(): string {
    return `container ${this.record.name}`;
  }

  /** The container's own domain; undefined in a pod. */
  get ownSandbox(): Sandbox | undefined {
    // SAFETY: only a container in a pod has another kind of sandbox.
    return this.record.pod ? undefined : (this.sandbox as Sandbox | undefined);
  }

  /** Records the container's place in its pod's domain. */
  takeSlot(place: MemberSlot): void {
    this.record.place = { ...place };
    this.execs.beginAt(firstProcess(place.slot));
  }

  protected async leave(ending: Ending): Promise<void> {
    const { record } = this;
    record.finished = Date.now();
    delete record.diskPause;
    // The client comes first: on a host with few CPUs the clean-up would delay it.
    if ('exit' in ending) await sleep(LINGER_MS);
    // The other processes are dead too, and their clients must still hear of it.
    if ('exit' in ending) await this.execs.drain(EXECS_MS);
    await this.sandbox?.destroy({ putsAway: 'exit' in ending && !record.rm });
    // Another container may have the place from now on.
    delete record.place;
  }

  /** Removes the container when it is --rm. */
  protected override async writeEnd(): Promise<void> {
    await this.written;
    if (this.record.rm) await this.#store.remove(this.record.id);
    else await super.writeEnd();
  }
}

const LINGER_MS = 10;
const EXECS_MS = 10_000;
