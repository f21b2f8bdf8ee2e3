// SPDX-License-Identifier: Apache-2.0
// One container of an engine's after its create: what its process's end means, whoever asks for it.

import { constants } from 'node:os';
import type { ExitStatus } from '../../../api/wire.js';
import type { Log } from '../../../base/log.js';
import { advance, hasEnded, type LifecycleEvent } from '../../../runtime/lifecycle/lifecycle.js';
import type { PodDomain } from '../../../runtime/pod/index.js';
import { Execs } from '../../../sandbox/shim/execs.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import type { ShimEvents } from '../../../sandbox/shim/client.js';
import { clearCgroup } from '../engine/cgroup.js';
import type { GuestNetwork } from '../engine/network.js';
import type { OciRecord, OciStore } from './record.js';

/** An engine has a few things to do when a container ends, and somebody waits for them. */
const REST_MS = 50;

export class OciContainer {
  readonly record: OciRecord;
  /** What it has of the domain that it is in. */
  sandbox: ContainerSandbox | undefined;
  /** Its own domain, or that of the container whose pod it is in. */
  domain: PodDomain | undefined;
  /** Where it has a domain of its own: what that has of a namespace of dom0's. */
  network: GuestNetwork | undefined;
  /** Settles when its domain has the size that somebody wanted. Never rejects. */
  sizing: Promise<void> = Promise.resolve();
  readonly execs = new Execs();
  /** What its domain's shim tells of it. */
  readonly events: ShimEvents;
  /** Pids of the processes beside the first. */
  readonly standIns = new Map<number, number>();
  /** Whether Xen is asked to keep it still: from then on no signal reaches it. */
  isPausing = false;
  /** Whether it is being checkpointed: its agent stands still, or will. */
  isSaving = false;
  /** Settles when an engine sees nothing of it any more, once somebody wanted that. */
  removing: Promise<void> | undefined;
  /** Settles when its domain is gone and nothing is written down of it, once it was removed. Never rejects. */
  gone: Promise<void> = Promise.resolve();
  /** Settles when its create has, while that is under way. */
  making: Promise<void> | undefined;
  /** Aborts when it is to go: nobody wants what is still being made. */
  readonly going = new AbortController();
  readonly #store: OciStore;
  readonly #log: Log;
  /** Resolves when its process has ended and its domain is going. */
  readonly ending: Promise<void>;
  /** Resolves when its domain is gone, too. */
  readonly ended: Promise<void>;
  #isEnding: () => void = () => undefined;
  #hasEnded: () => void = () => undefined;
  #written: Promise<void> = Promise.resolve();
  #end: Promise<void> | undefined;

  constructor(record: OciRecord, store: OciStore, log: Log) {
    this.record = record;
    this.#store = store;
    this.#log = log;
    this.ending = new Promise((resolve) => (this.#isEnding = resolve));
    this.ended = new Promise((resolve) => (this.#hasEnded = resolve));
    this.events = {
      onExit: (process, exit) => {
        if (process === this.first) return void this.end({ exit });
        this.execs.end(process, exit);
        this.standIns.delete(process);
      },
      onLost: (reason) => void this.end({ reason }),
      onGone: () => void this.end({ reason: 'its shim ended' }),
    };
  }

  /** The number of the process that config.json describes, on its domain's data channel. */
  get first(): number {
    return this.execs.first;
  }

  /** Whether the domain ends with it. */
  get ownsDomain(): boolean {
    return this.record.inDomainOf === undefined;
  }

  /** Whether others are in its domain now. */
  get sharesDomain(): boolean {
    return (this.domain?.slots.holders.length ?? 0) > 1;
  }

  /** Changes the record, its state by the lifecycle, then writes it. Throws ERR_LIFECYCLE at once. */
  transition(event: LifecycleEvent): Promise<void> {
    advance(this.record, event);
    return this.update({});
  }

  /** Changes the record, then writes it; writes go to the disk in the order of the calls. */
  update(change: Partial<Omit<OciRecord, 'state'>>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.#store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** It has ended, so its domain goes. Resolves when that has. Idempotent; never rejects, what fails is logged. */
  end(how: { exit: ExitStatus } | { reason: string }): Promise<void> {
    this.#end ??= this.#finish(how).finally(this.#hasEnded);
    return this.#end;
  }

  /** As one that was killed, whatever it was doing. */
  kill(): Promise<void> {
    return this.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
  }

  async #finish(how: { exit: ExitStatus } | { reason: string }): Promise<void> {
    this.#isEnding();
    const { id } = this.record;
    if ('reason' in how) this.#log.warn(`OCI container ${id} is lost: ${how.reason}`);
    // One that an earlier thawd saw end, and that is removed now, has ended already.
    if (!hasEnded(this.record)) advance(this.record, 'exit' in how ? 'exit' : 'lose');
    Object.assign(this.record, how);
    this.execs.endAll();
    this.standIns.clear();
    this.network?.close();
    await this.leaveDomain();
    // An engine may remove it before it deletes the container.
    await clearCgroup(this.record.cgroup);
    this.sandbox = undefined;
    this.domain = undefined;
    await this.update({}).catch((error: unknown) =>
      this.#log.error(`Cannot write down the end of OCI container ${id}`, { error }),
    );
  }

  /** Nothing of it is in its domain afterwards; its own goes, and is the end of others in it. Idempotent; never rejects. */
  async leaveDomain(): Promise<void> {
    const { domain } = this;
    if (this.ownsDomain && domain) {
      void domain.end({ restMs: REST_MS });
      const reason = `container ${this.record.id} ended, whose domain it is in`;
      for (const events of domain.slots.holders) if (events !== this.events) events.onLost(reason);
    }
    await this.sandbox?.destroy();
  }
}
