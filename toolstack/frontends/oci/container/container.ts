// SPDX-License-Identifier: Apache-2.0
// One container of an engine: its domain or its part of one, and what follows when it ends.

import { constants } from 'node:os';
import type { ExitStatus } from '../../../api/wire.js';
import type { Log } from '../../../base/log.js';
import { BaseContainer, type Ending } from '../../../runtime/lifecycle/base-container.js';
import { advance, hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import type { PodDomain } from '../../../runtime/pod/index.js';
import type { ShimEvents } from '../../../sandbox/shim/client.js';
import { clearCgroup } from '../engine/cgroup.js';
import type { OciRecord, OciStore } from './record.js';

/** An engine has work to do when a container ends, and its caller waits for that work. */
const REST_MS = 50;

/** The network namespace of dom0 that is carried into a domain; engine/network.ts implements it. */
export interface CarriedNetwork {
  begin(): Promise<void>;
  /** The namespace, or what its guest can be told, may have changed. */
  changed(): void;
  settled(): Promise<void>;
  close(): void;
}

export class OciContainer extends BaseContainer<OciRecord> {
  /** Its own domain, or that of the container whose pod it is in. */
  domain: PodDomain | undefined;
  /** Where it has a domain of its own: the network namespace of dom0 that is carried into it. */
  network: CarriedNetwork | undefined;
  /** Settles when its domain has the size that was asked for. Never rejects. */
  sizing: Promise<void> = Promise.resolve();
  /** Pids of the stand-ins of its processes beside the first. */
  readonly standIns = new Map<number, number>();
  /** Whether Xen is asked to pause it: from then on no signal reaches it. */
  isPausing = false;
  /** Whether it is being checkpointed: its agent is frozen, or will be. */
  isSaving = false;
  /** Settles when an engine sees nothing of it any more, once its removal was asked for. */
  removing: Promise<void> | undefined;
  /** Settles when its domain and its record are gone, once it was removed. Never rejects. */
  gone: Promise<void> = Promise.resolve();
  /** Settles when its create has, while that is under way. */
  making: Promise<void> | undefined;
  /** Aborts when it is removed: whatever is still being made of it is useless. */
  readonly going = new AbortController();
  /** Resolves when its end is written and its domain, or its part of one, is gone. Never rejects. */
  readonly finished: Promise<void>;
  readonly #log: Log;
  #hasFinished: () => void = () => undefined;
  #finishing: Promise<void> | undefined;

  constructor(record: OciRecord, store: OciStore, log: Log) {
    super(record, store);
    this.#log = log;
    this.finished = new Promise((resolve) => (this.#hasFinished = resolve));
  }

  get events(): ShimEvents {
    return this.shimEvents;
  }

  /** Whether the domain ends with it. */
  get ownsDomain(): boolean {
    return this.record.inDomainOf === undefined;
  }

  /** Whether other containers are in its domain now. */
  get sharesDomain(): boolean {
    return (this.domain?.slots.holders.length ?? 0) > 1;
  }

  /** Ends it, with its domain. Resolves as `finished` does. Idempotent; never rejects, and logs what fails. */
  end(ending: Ending): Promise<void> {
    this.#finishing ??= this.#finish(ending).finally(this.#hasFinished);
    return this.#finishing;
  }

  /** Ends it as SIGKILL does, whatever it is doing. */
  kill(): Promise<void> {
    return this.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
  }

  protected firstExited(exit: ExitStatus): void {
    void this.end({ exit });
  }

  protected override execExited(process: number, exit: ExitStatus): void {
    super.execExited(process, exit);
    this.standIns.delete(process);
  }

  async #finish(ending: Ending): Promise<void> {
    this.settle(ending);
    const { id } = this.record;
    if ('reason' in ending) this.#log.warn(`OCI container ${id} is lost: ${ending.reason}`);
    // A container that ended under an earlier thawd, and is removed now, has ended already.
    if (!hasEnded(this.record)) advance(this.record, 'exit' in ending ? 'exit' : 'lose');
    Object.assign(this.record, ending);
    this.execs.endAll();
    this.standIns.clear();
    this.network?.close();
    await this.leaveDomain();
    // An engine may remove the cgroup before it deletes the container.
    await clearCgroup(this.record.cgroup);
    this.sandbox = undefined;
    this.domain = undefined;
    await this.update({}).catch((error: unknown) =>
      this.#log.error(`Cannot write down the end of OCI container ${id}`, { error }),
    );
  }

  /** Leaves its domain; its own domain ends, and with it the other containers in it. Idempotent; never rejects. */
  async leaveDomain(): Promise<void> {
    const { domain } = this;
    if (this.ownsDomain && domain) {
      void domain.end({ restMs: REST_MS });
      const reason = `container ${this.record.id} ended, whose domain it is in`;
      for (const events of domain.slots.holders)
        if (events !== this.shimEvents) events.onLost(reason);
    }
    await this.sandbox?.destroy();
  }
}
