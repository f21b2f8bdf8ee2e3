// SPDX-License-Identifier: Apache-2.0
// Represents one container of a container engine: its own domain or its slot in another one, and the cleanup at its end.

import { constants } from 'node:os';
import type { ExitStatus } from '../../../api/wire.js';
import { BaseContainer, type Ending } from '../../../runtime/lifecycle/base-container.js';
import type { SharedDomain } from '../../../runtime/shared-domain/index.js';
import { clearCgroup } from '../engine/cgroup.js';
import type { OciRecord } from './record.js';

/** The domain's cleanup waits this long: the container engine has work to do at a container's end, and its caller waits for that work. */
const REST_MS = 50;

/** The network namespace of dom0 that thawd carries into a domain; engine/network.ts implements it. */
export interface CarriedNetwork {
  begin(): Promise<void>;
  /** Reports that the namespace may have changed, or that the guest may answer again. */
  changed(): void;
  settled(): Promise<void>;
  close(): void;
}

export class OciContainer extends BaseContainer<OciRecord> {
  /** The container's own domain, or the domain of the container whose pod it is in. */
  domain: SharedDomain | undefined;
  /** The network namespace of dom0 that is carried into the container's own domain; undefined in another container's domain. */
  network: CarriedNetwork | undefined;
  /** Pids of the stand-ins of all processes but the first. */
  readonly standIns = new Map<number, number>();
  /** True from the request to pause the domain on: no signal reaches the container any more. */
  isPausing = false;
  /** True during a checkpoint: the agent is frozen, or will be. */
  isSaving = false;
  /** Settles when the container engine sees nothing of the container any more; undefined until its removal is requested. */
  removing: Promise<void> | undefined;
  /** Settles when the domain and the record of a removed container are gone. Never rejects. */
  gone: Promise<void> = Promise.resolve();
  /** Settles with the container's create; undefined when no create is under way. */
  making: Promise<void> | undefined;
  /** Aborts at the container's removal: any part of it that is still being made is useless. */
  readonly going = new AbortController();

  get label(): string {
    return `OCI container ${this.record.id}`;
  }

  /** True where the domain ends with the container. */
  get ownsDomain(): boolean {
    return this.record.inDomainOf === undefined;
  }

  /** True while the domain has other containers. */
  get sharesDomain(): boolean {
    return (this.domain?.slots.holders.length ?? 0) > 1;
  }

  /** Ends the container, with its domain. Never rejects. */
  override end(ending: Ending): Promise<void> {
    void super.end(ending);
    return this.finishBy(() => this.finish(ending));
  }

  /** Ends the container as SIGKILL does, in any state. */
  kill(): Promise<void> {
    return this.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
  }

  protected override execExited(process: number, exit: ExitStatus): void {
    super.execExited(process, exit);
    this.standIns.delete(process);
  }

  protected async leave(): Promise<void> {
    this.execs.endAll();
    this.standIns.clear();
    this.network?.close();
    await this.leaveDomain();
    // A container engine may remove the cgroup before it deletes the container.
    await clearCgroup(this.record.cgroup);
    this.domain = undefined;
  }

  /** Leaves the domain. The container's own domain ends, and with it the other containers in it. Idempotent; never rejects. */
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
