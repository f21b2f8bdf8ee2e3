// SPDX-License-Identifier: Apache-2.0
// A pod's domain as one of its containers sees it: with a root filesystem, disks and processes of its own.

import type { AgentLink } from '../../agent/link.js';
import type { ArchiveRequest, BeginRequest, ExecRequest } from '../../agent/wire-process.js';
import { Forget } from '../../api/wire.js';
import {
  askArchive,
  askBegin,
  askDelete,
  askExec,
  askStart,
  askUnmount,
  onceStarted,
} from '../../sandbox/agent/calls.js';
import { quietly } from '../../sandbox/release.js';
import type { ContainerSandbox, ProcessStart } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { PodDisk } from './disks.js';
import type { PodDomain } from './domain.js';
import { firstProcess } from './slots.js';

/** What a container has of its pod's domain while it runs. Kept in its record. */
export interface Place {
  slot: number;
  /** Layers, lowest first, then the writable layer where that is a disk. */
  disks: PodDisk[];
  /** The number of its 9pfs device, where it has files of the host. */
  files?: number;
}

export class Member implements ContainerSandbox {
  readonly place: Place;
  readonly #services: SandboxServices;
  readonly #domain: PodDomain;
  readonly #name: string;
  readonly #onLeft: () => void;
  readonly #hearsShimOnly: boolean;
  #left: Promise<void> | undefined;

  /**
   * `name` is the guest's, of the container and its root filesystem; `onLeft` is called once nothing of it is there any more; `hearsShimOnly`: its
   * client, or stand-in, is nobody's of this thawd, and learns of its end from the shim.
   */
  constructor(
    services: SandboxServices,
    domain: PodDomain,
    {
      name,
      place,
      onLeft,
      hearsShimOnly = false,
    }: { name: string; place: Place; onLeft: () => void; hearsShimOnly?: boolean },
  ) {
    this.#hearsShimOnly = hearsShimOnly;
    this.#services = services;
    this.#domain = domain;
    this.#name = name;
    this.place = place;
    this.#onLeft = onLeft;
  }

  get domid(): ContainerSandbox['domid'] {
    return this.#domain.sandbox.domid;
  }

  get shim(): ContainerSandbox['shim'] {
    return this.#domain.sandbox.shim;
  }

  get connected(): Promise<void> {
    return this.#domain.sandbox.connected;
  }

  connect(): Promise<void> {
    return this.#domain.sandbox.connect();
  }

  get shimSocket(): string {
    return this.#domain.sandbox.shimSocket;
  }

  agent(): Promise<AgentLink> {
    return this.#domain.sandbox.agent();
  }

  /** Its first process has the first number of its slot. */
  async start(request: ProcessStart): Promise<void> {
    const process = firstProcess(this.place.slot);
    await this.#domain.sandbox.ask((link) =>
      askStart(link, { ...request, process, rootfs: this.#name }),
    );
  }

  async begin(request: BeginRequest): Promise<void> {
    await this.#domain.sandbox.ask((link) => askBegin(link, request));
  }

  async exec(request: ExecRequest): Promise<void> {
    await this.#domain.sandbox.ask((link) => askExec(link, request));
  }

  async archive(request: Omit<ArchiveRequest, 'rootfs'>): Promise<void> {
    await askArchive(await this.agent(), { ...request, rootfs: this.#name });
  }

  onDeath(
    ...listener: Parameters<ContainerSandbox['onDeath']>
  ): ReturnType<ContainerSandbox['onDeath']> {
    return this.#domain.sandbox.onDeath(...listener);
  }

  isAlive(): Promise<boolean> {
    return this.#domain.sandbox.isAlive();
  }

  /** Ends what is left of it in the guest and gives its disks and files back; the domain and its shim go on. Idempotent; never rejects. */
  destroy(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  written(): Promise<void> {
    return this.#domain.sandbox.written();
  }

  /** The domain has its pod's name. */
  rename(): Promise<void> {
    return Promise.resolve();
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  /** The domain's memory is its pod's concern. */
  growOn(): Promise<void> {
    return Promise.resolve();
  }

  async #leave(): Promise<void> {
    const domain = this.#domain;
    const { files } = this.place;
    if (domain.isAlive) {
      const inGuest = (ask: (link: AgentLink) => Promise<void>): Promise<void> =>
        quietly(this.#services, async () => ask(await this.agent()));
      await inGuest((link) => onceStarted(() => askDelete(link, this.#name)));
      // First: what is copied out of its root filesystem goes into them.
      if (files !== undefined)
        await quietly(this.#services, () => domain.files.give(files, domain.isAlive));
      await inGuest((link) => askUnmount(link, this.#name));
      // Says nothing of one that began: that had its end.
      this.shim.forget(
        firstProcess(this.place.slot),
        this.#hearsShimOnly ? Forget.LEFT : Forget.UNDONE,
      );
    }
    await domain.gone();
    for (const disk of this.place.disks.toReversed())
      await quietly(this.#services, () => domain.disks.give(disk, domain.isAlive));
    domain.slots.give(this.place.slot);
    this.#onLeft();
  }
}
