// SPDX-License-Identifier: Apache-2.0
// One micro-domain as containers see it: a clone with a root filesystem, a vif, a shim for its streams and a link to its agent.

import type { StoreEntry } from '../../xenstore/index.js';
import type { AgentLink } from '../agent/link.js';
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
import { loopFilesOf } from './create/layers.js';
import type { SandboxRecord } from './record.js';
import { growAdopted } from './size/grow.js';
import { quietly, releaseSandbox } from './release.js';
import { sandboxFolder, type SandboxServices } from './services.js';
import { ShimClient, type ShimEvents } from './shim/client.js';
import { answerMs, shimSocket } from './shim/process.js';
import { StoreSide } from './xenstore/registration.js';

/** What the agent needs to start a process. */
export type ProcessStart = Omit<StartRequest, 'rootfs'>;

/** The name of the one root filesystem that a sandbox has. */
export const ROOTFS = 'main';

/** Where a guest has the root filesystem of that name. */
export function rootfsPath(name: string): string {
  return `/run/thaw/roots/${name}/rootfs`;
}

/** What a container has of the domain that it runs in, whether that is its own or a pod's. */
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
  /** It was saved and does not go on: nothing answers in it any more. */
  isOver = false;
  /** Settles when it has the memory that came behind its start, or will not get it. Never rejects. */
  grown: Promise<void> = Promise.resolve();
  /** Resolves when its shim has ended because it was destroyed: nobody serves files of dom0 to it any more. */
  readonly unserved = new Promise<void>((resolve) => (this.#hasQuit = resolve));
  /** Resolves when the agent has answered the first start, whatever it said. */
  readonly started = new Promise<void>((resolve) => (this.#hasStarted = resolve));

  /**
   * Takes over what stands already: createSandbox() makes it, adopt() finds it. Without a link it connects when it must;
   * `later` is what of xenstore was left for after its start, and `isRenamed` says that its domain still has another name.
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

  /** As StoreSide.connected. */
  get connected(): Promise<void> {
    return this.#store.connected;
  }

  /** As StoreSide.connect(). */
  connect(): Promise<void> {
    return this.#store.connect();
  }

  /** As StoreSide.known(). */
  known(): Promise<void> {
    return this.#store.known();
  }

  /** Aborts as soon as somebody destroys it. */
  get gone(): AbortSignal {
    return this.#agent.gone;
  }

  get shimSocket(): string {
    return shimSocket(sandboxFolder(this.#services, this.record));
  }

  /** Takes over the sandbox of an earlier thawd: its shim must answer. Rejects with ERR_SHIM_CONNECT when there is none. */
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

  /** Asks the agent to start a process in the root filesystem. Rejects with ERR_AGENT_CMD_NOENT and the like. */
  start(request: ProcessStart): Promise<void> {
    return this.#run((link) => askStart(link, { ...request, rootfs: ROOTFS }));
  }

  /** Asks the agent to let the container go that was created when the template was frozen. Rejects as start() does. */
  begin(request: BeginRequest): Promise<void> {
    return this.#run((link) => askBegin(link, request));
  }

  async #run(ask: (link: AgentLink) => Promise<void>): Promise<void> {
    await (this.#store.isLate ? this.#agent.askUnknown(ask) : this.ask(ask)).finally(
      this.#hasStarted,
    );
    this.recordLater();
  }

  /** As AgentSide.ask(). */
  ask(call: (link: AgentLink) => Promise<void>): Promise<void> {
    return this.#agent.ask(call);
  }

  /** Tells it of memory that an earlier thawd may not have come to. Never rejects; what fails is logged. */
  growOn(): Promise<void> {
    return quietly(this.#services, () => growAdopted(this.#services.host, this.domid, this.record));
  }

  /** Leaves it to somebody else; it lives on. */
  async letGo(): Promise<void> {
    this.#agent.close();
    this.shim.close();
    await this.#releaseLoops();
  }

  /** Asks the agent to run one more process in a container. Rejects as start() does. */
  exec(request: ExecRequest): Promise<void> {
    return this.ask((link) => askExec(link, request));
  }

  /** Asks the agent for a process that carries files. Rejects with ERR_AGENT_NOENT, ERR_AGENT_STATE and the like. */
  async archive(request: Omit<ArchiveRequest, 'rootfs'>): Promise<void> {
    await askArchive(await this.agent(), { ...request, rootfs: ROOTFS });
  }

  /** As onDomainDeath() for its domain. */
  onDeath(listener: Parameters<typeof onDomainDeath>[2]): ReturnType<typeof onDomainDeath> {
    return onDomainDeath(this.#services.host, this.domid, listener);
  }

  /** Whether the domain still exists. */
  isAlive(): Promise<boolean> {
    return isSameDomain(this.#services.host, this.domid, this.record.uuid);
  }

  /**
   * Ends the sandbox and removes all that belongs to it. With `putsAway`, once nothing runs in it, the guest first writes back what its
   * disk does not have yet; else the disk is what a crash leaves. With `restMs` it first gives files of dom0 back, and its domain goes so
   * long after its shim: Xen's work, which who waits for this container's end need not wait for. Idempotent; never rejects, what fails
   * is logged.
   */
  destroy({ putsAway = false, restMs = 0 } = {}): Promise<void> {
    const hasDisk = !this.isOver && this.record.disk !== undefined;
    this.#destroyed ??= this.#release(putsAway && hasDisk, restMs);
    return this.#destroyed;
  }

  /** As AgentSide.link(). */
  agent(): Promise<AgentLink> {
    return this.#agent.link();
  }

  /** Has xenstore told a little later what no start waits for, also of one in which nothing has been started yet. */
  recordLater(): void {
    this.#store.schedule();
  }

  /** As written(), for one in which nothing has been started yet. Never rejects. */
  async settle(): Promise<void> {
    this.#hasStarted();
    this.recordLater();
    await this.written();
  }

  /** As StoreSide.written(). Never rejects. */
  written(): Promise<void> {
    return this.#store.written();
  }

  /** As StoreSide.catchUp(). Never rejects. */
  catchUp(onConnected?: () => void): Promise<void> {
    return this.#store.catchUp(onConnected);
  }

  /** Gives its domain another name. Rejects as LateRecords.rename() does. */
  async rename(name: string): Promise<void> {
    await this.#store.rename(name);
    this.record.name = name;
  }

  /** Has the guest write to its disk, if it has one, what is in its memory alone. Never rejects; what fails is logged. */
  async writeBack(): Promise<void> {
    if (!this.record.disk) return;
    const untilWritten = this.#putAway().catch((error: unknown) => {
      // What is in use is written all the same.
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
    // Nothing may be written of its domain any more when that goes.
    await this.#store.end();
    // A server that is killed with the shim may have them a little longer.
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
