// SPDX-License-Identifier: Apache-2.0
// Manages one sandbox: a domain cloned for containers, with a root filesystem, a vif, a shim for its streams and a link to its agent.

import type { StoreEntry } from '../../xenstore/index.js';
import type { AgentLink } from '../agent/agent-link.js';
import type {
  ArchiveRequest,
  BeginRequest,
  ExecRequest,
  StartRequest,
} from '../agent/wire-process.js';
import { sleep } from '../base/deadline.js';
import { errorCode } from '../base/errors.js';
import { Steps } from '../base/steps.js';
import { asDomid, type Domid } from '../base/ids.js';
import { onDomainDeath } from '../xen/death-watch.js';
import { isSameDomain } from '../xen/destroy.js';
import { AgentSide } from './agent/connection.js';
import { askArchive, askBegin, askExec, askStart, askUnmount } from './agent/calls.js';
import { OWN_FILES } from './shares/shares.js';
import { loopFilesOf } from './boot/layers.js';
import type { SandboxRecord } from './record.js';
import { growAdopted } from './size/grow.js';
import { quietly, releaseSandbox } from './release.js';
import { sandboxFolder, type SandboxServices } from './services.js';
import { ShimClient, type ShimEvents } from './shim/client.js';
import { answerMs, shimSocket } from './shim/process.js';
import { StoreSide } from './xenstore/registration.js';

/** The data that the agent needs to start a process. */
export type ProcessStart = Omit<StartRequest, 'rootfs'>;

/** The name of the one root filesystem that a sandbox has. */
export const ROOTFS = 'main';

/** Returns the path in the guest of the root filesystem with that name. */
export function rootfsPath(name: string): string {
  return `/run/thaw/roots/${name}/rootfs`;
}

/** A container's view of the domain that it runs in: its own domain or a pod's. */
export type ContainerSandbox = Pick<
  Sandbox,
  | 'domid'
  | 'shim'
  | 'shimSocket'
  | 'start'
  | 'begin'
  | 'exec'
  | 'archive'
  | 'agent'
  | 'onDeath'
  | 'isAlive'
  | 'destroy'
  | 'written'
  | 'rename'
  | 'catchUp'
  | 'growOn'
  | 'connected'
  | 'connect'
>;

export { describeDeath } from '../xen/death.js';

export class Sandbox {
  readonly record: SandboxRecord;
  readonly domid: Domid;
  readonly shim: ShimClient;
  readonly #services: SandboxServices;
  readonly #store: StoreSide;
  readonly #agent: AgentSide;
  #destroyed: Promise<void> | undefined;
  #hasStarted: () => void = () => undefined;
  #hasQuit: () => void = () => undefined;
  /** True once the sandbox was saved and does not resume: nothing in it answers any more. */
  isOver = false;
  /** Resolves when the guest has the memory that comes after its start, or will not get it. Never rejects. */
  grown: Promise<void> = Promise.resolve();
  /** Resolves when destroy() has ended the shim: no server serves shares to the guest any more. */
  readonly unserved = new Promise<void>((resolve) => (this.#hasQuit = resolve));
  /** Resolves when the agent has answered the first start, with success or failure. */
  readonly started = new Promise<void>((resolve) => (this.#hasStarted = resolve));

  /**
   * Takes over a domain that createSandbox() made or adopt() found. Without a link, the first request connects. `later` are the nodes of the deferred
   * registration. `isRenamed` says that the domain still has another name.
   */
  constructor(
    services: SandboxServices,
    record: SandboxRecord,
    domid: Domid,
    shim: ShimClient,
    fresh: { link?: AgentLink; later?: readonly StoreEntry[]; isRenamed?: boolean } = {},
  ) {
    this.#services = services;
    this.record = record;
    this.domid = domid;
    this.shim = shim;
    this.#agent = new AgentSide(services.host, domid, fresh.link);
    this.#store = new StoreSide(services, record, domid, { isNew: !!fresh.link, ...fresh });
  }

  /** Resolves when the vif is in its network. Rejects as StoreSide.connected does. */
  get connected(): Promise<void> {
    return this.#store.connected;
  }

  /** Connects the vif now instead of after its delay. Rejects as StoreSide.connect() does. */
  connect(): Promise<void> {
    return this.#store.connect();
  }

  /** Introduces the domain to xenstore now instead of after its delay. Rejects as StoreSide.known() does. */
  known(): Promise<void> {
    return this.#store.known();
  }

  /** Aborts as soon as destroy() ends the link to the agent. */
  get gone(): AbortSignal {
    return this.#agent.gone;
  }

  get shimSocket(): string {
    return shimSocket(sandboxFolder(this.#services, this.record));
  }

  /** Takes over the sandbox of an earlier thawd, whose shim must answer. Rejects with ERR_SHIM_CONNECT when there is no shim. */
  static async adopt(
    services: SandboxServices,
    record: SandboxRecord,
    events: ShimEvents,
  ): Promise<Sandbox> {
    const folder = sandboxFolder(services, record);
    const shim = await ShimClient.connect(shimSocket(folder), events, answerMs(folder));
    const acquired: string[] = [];
    try {
      for (const file of loopFilesOf(record)) {
        await services.loops.acquire(file);
        acquired.push(file);
      }
    } catch (error) {
      shim.close();
      for (const file of acquired) await quietly(services, () => services.loops.release(file));
      throw error;
    }
    return new Sandbox(services, record, asDomid(record.domid ?? 0), shim);
  }

  /** Asks the agent to start a process in the root filesystem. Rejects with ERR_AGENT_CMD_NOENT and similar codes. */
  start(request: ProcessStart): Promise<void> {
    return this.#run((link) => askStart(link, { ...request, rootfs: ROOTFS }));
  }

  /** Asks the agent to start the container that was created when the template was frozen. Rejects as start() does. */
  begin(request: BeginRequest): Promise<void> {
    return this.#run((link) => askBegin(link, request));
  }

  async #run(ask: (link: AgentLink) => Promise<void>): Promise<void> {
    await (this.#store.isLate ? this.#agent.askUnknown(ask) : this.ask(ask)).finally(
      this.#hasStarted,
    );
    this.recordLater();
  }

  /** Runs `call` over the link to the agent. Rejects as AgentSide.ask() does. */
  ask(call: (link: AgentLink) => Promise<void>): Promise<void> {
    return this.#agent.ask(call);
  }

  /** Gives the guest memory that an earlier thawd may not have given it. Never rejects; failures are logged. */
  growOn(): Promise<void> {
    return quietly(this.#services, () => growAdopted(this.#services.host, this.domid, this.record));
  }

  /** Closes this thawd's connections to the sandbox and releases its loop devices. The domain and its shim live on. */
  async letGo(): Promise<void> {
    this.#agent.close();
    this.shim.close();
    await this.#releaseLoops();
  }

  /** Asks the agent to run a further process in a container. Rejects as start() does. */
  exec(request: ExecRequest): Promise<void> {
    return this.ask((link) => askExec(link, request));
  }

  /** Asks the agent for a process that transfers an archive. Rejects with ERR_AGENT_NOENT, ERR_AGENT_STATE and similar codes. */
  async archive(request: Omit<ArchiveRequest, 'rootfs'>): Promise<void> {
    await askArchive(await this.agent(), { ...request, rootfs: ROOTFS });
  }

  /** Calls `listener` as onDomainDeath() does for the sandbox's domain. */
  onDeath(listener: Parameters<typeof onDomainDeath>[2]): ReturnType<typeof onDomainDeath> {
    return onDomainDeath(this.#services.host, this.domid, listener);
  }

  /** True while the domain exists. */
  isAlive(): Promise<boolean> {
    return isSameDomain(this.#services.host, this.domid, this.record.uuid);
  }

  /**
   * Ends the sandbox and removes all that belongs to it. With `putsAway`, for a sandbox in which no process runs, the guest first writes back the
   * data that its disk does not have yet. Otherwise the disk has the state after a crash. With `restMs`, the shim first closes the shares' host
   * files, and the domain is destroyed that many milliseconds after the shim: a caller that waits for the container's end need not wait for Xen's
   * work. Idempotent; never rejects: failures are logged.
   */
  destroy({ putsAway = false, restMs = 0 } = {}): Promise<void> {
    const hasDisk = !this.isOver && this.record.disk !== undefined;
    this.#destroyed ??= this.#release(putsAway && hasDisk, restMs);
    return this.#destroyed;
  }

  /** Returns the link to the agent. Rejects as AgentSide.link() does. */
  agent(): Promise<AgentLink> {
    return this.#agent.link();
  }

  /** Schedules the deferred registration, also for a sandbox in which no process has been started yet. */
  recordLater(): void {
    this.#store.schedule();
  }

  /** Does the deferred work of a sandbox in which no process has been started yet, and waits for it as written() does. Never rejects. */
  async settle(): Promise<void> {
    this.#hasStarted();
    this.recordLater();
    await this.written();
  }

  /** Resolves when the deferred registration is done, as StoreSide.written() does. Never rejects. */
  written(): Promise<void> {
    return this.#store.written();
  }

  /** Does the deferred work that an earlier thawd did not finish, as StoreSide.catchUp() does. Never rejects. */
  catchUp(onConnected?: () => void): Promise<void> {
    return this.#store.catchUp(onConnected);
  }

  /** Renames the domain. Rejects as LateRecords.rename() does. */
  async rename(name: string): Promise<void> {
    await this.#store.rename(name);
    this.record.name = name;
  }

  /** Has the guest write the data that is only in its memory to its disk, if it has one. Never rejects; failures are logged. */
  async writeBack(): Promise<void> {
    if (!this.record.disk) return;
    const untilWritten = this.#putAway().catch((error: unknown) => {
      // The guest writes a busy file system's data all the same.
      if (errorCode(error) !== 'ERR_AGENT_BUSY') throw error;
    });
    await quietly(this.#services, () => untilWritten);
  }

  async #putAway(): Promise<void> {
    await askUnmount(await this.agent(), ROOTFS);
  }

  async #release(putsAway: boolean, restMs: number): Promise<void> {
    this.#store.cancel();
    const steps = new Steps(this.#services.host.log, `Sandbox ${this.record.name} goes`);
    if (putsAway) await quietly(this.#services, () => this.#putAway());
    this.#agent.end();
    // No deferred work may write records of the domain when it is destroyed.
    await this.#store.end();
    // A server that is killed with the shim may hold its host files a little longer.
    if (restMs > 0 && (this.record.files ?? []).length > 0)
      await quietly(this.#services, () => steps.time('files', this.#unserve()));
    await quietly(this.#services, () => steps.time('shim', this.shim.quit()));
    this.#hasQuit();
    if (restMs > 0) await sleep(restMs);
    await steps.time('domain', releaseSandbox(this.#services, this.record));
    await this.#releaseLoops();
    steps.done();
  }

  async #unserve(): Promise<void> {
    await this.shim.unshare(OWN_FILES).catch((error: unknown) => {
      if (errorCode(error) !== 'ERR_SHIM_GONE') throw error;
    });
  }

  async #releaseLoops(): Promise<void> {
    for (const file of loopFilesOf(this.record))
      await quietly(this.#services, () => this.#services.loops.release(file));
  }
}
