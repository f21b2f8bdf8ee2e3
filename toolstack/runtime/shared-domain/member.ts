// SPDX-License-Identifier: Apache-2.0
// Gives one container its view of a shared domain: a root filesystem, disks and processes of its own.

import type { AgentLink } from '../../agent/agent-link.js';
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
import type { MemberDisk } from './disks.js';
import type { SharedDomain } from './domain.js';
import { firstProcess } from './slots.js';

/** The parts of a shared domain that a container holds while it runs. Its record keeps them. */
export interface MemberSlot {
  slot: number;
  /** Layers, lowest first, then the writable layer, if it is a disk. */
  disks: MemberDisk[];
  /** The number of the container's 9pfs device, if it has shares. */
  files?: number;
}

export interface MemberOptions {
  /** The guest's name of the container and of its root filesystem. */
  name: string;
  place: MemberSlot;
  /** Called once the domain has no part of the container left. */
  onLeft?: () => void;
  /** True when the client or stand-in learns of the end only from the shim, as thawd has no connection to it. */
  hearsShimOnly?: boolean;
}

export class Member implements ContainerSandbox {
  readonly place: MemberSlot;
  readonly #services: SandboxServices;
  readonly #domain: SharedDomain;
  readonly #name: string;
  readonly #onLeft: () => void;
  readonly #hearsShimOnly: boolean;
  #left: Promise<void> | undefined;

  constructor(
    services: SandboxServices,
    domain: SharedDomain,
    { name, place, onLeft = () => undefined, hearsShimOnly = false }: MemberOptions,
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

  /** The container's first process has the first number of its slot. */
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

  /** Ends the container in the guest and gives its disks, shares and slot back. The domain and its shim run on. Idempotent; never rejects. */
  destroy(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  written(): Promise<void> {
    return this.#domain.sandbox.written();
  }

  /** Does nothing: the domain keeps its name. */
  rename(): Promise<void> {
    return Promise.resolve();
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  /** Does nothing: the domain's memory belongs to no single container. */
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
      // Before UNMOUNT: a volume that is being filled from the root filesystem keeps the root filesystem busy.
      if (files !== undefined)
        await quietly(this.#services, () => domain.shares.give(files, domain.isAlive));
      await inGuest((link) => askUnmount(link, this.#name));
      // The shim ignores this for a process that began.
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
