// SPDX-License-Identifier: Apache-2.0
// Holds all containers of container engines, and performs the operations of the runtime specification on them (runtime.md, Operations).

import type { Client } from '../../../api/client.js';
import type { Log } from '../../../base/log.js';
import { giveBackAddresses } from '../../../sandbox/release.js';
import type { SandboxRecord } from '../../../sandbox/record.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { leaveCgroup } from '../engine/cgroup.js';
import { OciContainer } from './container.js';
import { create, giveBackAtEnd } from '../verbs/create.js';
import type { OciServices } from '../services.js';
import { fitDomain } from '../pod/domain-size.js';
import { OciError, stateError } from '../errors.js';
import { exec, type ExecRequest } from '../verbs/exec.js';
import { runHooks } from '../engine/hooks.js';
import { kill } from '../verbs/kill.js';
import { planCreate, type CreateRequest, type OciPlan } from '../config/plan.js';
import type { OciRecord } from './record.js';
import { takeOver } from './recover.js';
import { restore, type RestoreRequest } from '../verbs/restore.js';
import { start } from '../verbs/start.js';
import { stateOf } from '../command-line/state.js';

const ID = /^[A-Za-z0-9_+.-]{1,255}$/;

export class OciContainers {
  readonly #services: OciServices;
  readonly #log: Log;
  readonly #containers = new Map<string, OciContainer>();

  constructor(services: OciServices) {
    this.#services = services;
    this.#log = services.sandbox.host.log;
  }

  get services(): OciServices {
    return this.#services;
  }

  /** Takes over the containers of an earlier thawd. Resolves with the sandboxes that containers still use. */
  async recover(): Promise<SandboxRecord[]> {
    const records = await this.#services.store.loadAll(this.#log);
    const isMember = ({ inDomainOf }: OciRecord): boolean => inDomainOf !== undefined;
    await this.#recoverAll(records.filter((record) => !isMember(record)));
    await this.#recoverAll(records.filter(isMember));
    const owners = this.all.filter(({ ownsDomain }) => ownsDomain);
    for (const owner of owners) await this.#settle(owner);
    return owners.map(({ record }) => record.sandbox);
  }

  /** Removes layers of root filesystems that no container uses. Call it once all containers are recovered. */
  async sweep(): Promise<void> {
    const { sandbox, layers } = this.#services;
    await sandbox.loops.sweep(layers.dir).catch((error: unknown) => {
      this.#log.warn(`Loop devices of ${layers.dir} may be left`, { error });
    });
    await layers.prune();
  }

  /** Finishes the work that an earlier thawd left: removes shares and disks without a holder, and adds memory that members need. */
  async #settle(owner: OciContainer): Promise<void> {
    await owner.domain?.sweep(owner.label);
    // The agent of a paused domain does not answer.
    if (owner.record.state === 'paused') return;
    void fitDomain(this.#services.sandbox, owner, this.all).catch((error: unknown) =>
      this.#log.error(`Cannot look for memory of ${owner.label}`, { error }),
    );
  }

  async #recoverAll(records: readonly OciRecord[]): Promise<void> {
    await Promise.all(
      records.map((record) =>
        this.#recoverOne(record).catch((error: unknown) =>
          this.#log.error(`Cannot recover OCI container ${record.id}`, { error }),
        ),
      ),
    );
  }

  get all(): OciContainer[] {
    return [...this.#containers.values()];
  }

  list(root: string): OciRecord[] {
    const all = this.all.map(({ record }) => record);
    return all.filter((record) => record.root === root).sort((a, b) => a.created - b.created);
  }

  /** Throws ERR_OCI_NOT_FOUND. */
  find(root: string, id: string): OciContainer {
    const container = this.#containers.get(keyOf(root, id));
    if (container) return container;
    throw new OciError('ERR_OCI_NOT_FOUND', `container "${id}" does not exist`);
  }

  /** Rejects with ERR_OCI_ID, ERR_OCI_CONFIG and as a sandbox does. After a rejection nothing of the container remains. */
  create(request: CreateRequest, client: Client): Promise<OciContainer> {
    return this.#make(request, client, (container, plan) =>
      create(this.#services, container, plan, { ...request, containers: this.all }, client),
    );
  }

  /** Works as create(), but the container runs at its end. Also rejects with ERR_CHECKPOINT_FILE and the like. */
  restore(request: RestoreRequest, client: Client): Promise<OciContainer> {
    return this.#make(request, client, (container, plan) =>
      restore(this.#services, container, plan, request, client),
    );
  }

  async #make(
    request: CreateRequest,
    client: Client,
    make: (container: OciContainer, plan: OciPlan) => Promise<void>,
  ): Promise<OciContainer> {
    const { id, root } = request;
    const key = keyOf(root, id);
    if (!ID.test(id) || id === '.' || id === '..')
      throw new OciError(
        'ERR_OCI_ID',
        `container id "${id.slice(0, 80)}" is invalid: 1 to 255 of letters, digits, "_", "+", "-" and "." are allowed`,
      );
    if (this.#containers.has(key))
      throw new OciError('ERR_OCI_ID', `container with id "${id}" already exists`);
    const { store, pool, sandbox, layers } = this.#services;
    const plan = await planCreate(this.#services, request, () => this.all, client.signal);
    const container = new OciContainer(plan.record, store, this.#log);
    if (this.#containers.has(key)) {
      giveBackAddresses(sandbox, plan.record.sandbox);
      await layers.release(plan.record.key);
      throw new OciError('ERR_OCI_ID', `container with id "${id}" already exists`);
    }
    this.#containers.set(key, container);
    try {
      container.making = pool.during(() => make(container, plan));
      await container.making;
      return container;
    } catch (error) {
      await this.remove(container);
      await container.gone;
      throw error;
    } finally {
      container.making = undefined;
    }
  }

  /** Rejects as start() does (start.ts). */
  async start(root: string, id: string): Promise<void> {
    await start(this.#services, this.find(root, id));
  }

  /** Rejects as exec() does. */
  async exec(root: string, id: string, request: ExecRequest, client: Client): Promise<void> {
    await exec(this.find(root, id), request, client);
  }

  /** Rejects as kill() does (kill.ts). */
  async kill(root: string, id: string, signal: number): Promise<void> {
    await kill(this.find(root, id), signal);
  }

  /** Rejects with ERR_OCI_STATE for a container that runs, unless `force` is true. */
  async delete(root: string, id: string, force: boolean): Promise<void> {
    if (force && !this.#containers.has(keyOf(root, id))) return;
    const container = this.find(root, id);
    const { state } = container.record;
    if (!force && ['creating', 'running', 'paused'].includes(state))
      throw stateError('delete', container.record);
    await this.#services.pool.during(() => this.remove(container));
  }

  /** Removes the container once, for any number of callers. Its own domain ends a little later (`gone`). */
  remove(container: OciContainer): Promise<void> {
    container.removing ??= this.#release(container);
    return container.removing;
  }

  async #release(container: OciContainer): Promise<void> {
    const { record, ownsDomain, domain } = container;
    const { budget } = this.#services.sandbox;
    container.going.abort(new OciError('ERR_OCI_STATE', `container "${record.id}" was deleted`));
    // The end of the domain cuts short any wait of create() in the guest.
    const left = ownsDomain ? container.leaveDomain() : Promise.resolve();
    // In another container's domain, create() waits for nothing that this container's end would cut short. Once it settles, kill() leaves that
    // domain.
    await container.making?.catch(() => undefined);
    const ended = container.kill();
    if (ownsDomain) {
      budget.expectBack(ended);
      // The container engine unmounts the root filesystem next.
      await domain?.sandbox.unserved;
    } else await ended;
    await this.#afterEnd(container);
    const key = keyOf(record.root, record.id);
    // When two callers remove the container, a new container may have its name by now.
    if (this.#containers.get(key) === container) this.#containers.delete(key);
    container.gone = Promise.all([left, ended])
      .then(() => container.leaveDomain())
      .then(() => this.#forget(container))
      .catch((error: unknown) => {
        this.#log.error(`Cannot remove all of OCI container ${record.id}`, { error });
      });
  }

  /** Runs once, also where a thawd ends in between. Never rejects; logs failures. */
  async #afterEnd(container: OciContainer): Promise<void> {
    const { record } = container;
    if (record.isDeleted === true) return;
    await leaveCgroup(record.cgroup, record.pid);
    await this.#afterStop(record);
    await container.update({ isDeleted: true }).catch((error: unknown) => {
      this.#log.error(`Cannot write down that OCI container ${record.id} is deleted`, { error });
    });
  }

  async #forget({ record }: OciContainer): Promise<void> {
    giveBackAddresses(this.#services.sandbox, record.sandbox);
    this.#services.devices.takeBack(record.key);
    await this.#services.layers.release(record.key);
    await this.#services.store.remove(record.key);
  }

  async #recoverOne(record: OciRecord): Promise<void> {
    const { store } = this.#services;
    const container = new OciContainer(record, store, this.#log);
    // A new container may have the name of a deleted one.
    if (record.isDeleted !== true) this.#containers.set(keyOf(record.root, record.id), container);
    this.#services.layers.adopt(record.key, record.sandbox.layers);
    await this.#adoptDevices(container);
    if (await takeOver(this.#services, container, this.all)) return;
    await this.remove(container);
    await container.gone;
  }

  async #adoptDevices(container: OciContainer): Promise<void> {
    const { devices } = this.#services;
    const { key, id: name, sandbox, state } = container.record;
    if (!container.ownsDomain || hasEnded({ state })) return;
    await devices.adopt({ id: key, name, sandbox });
    giveBackAtEnd(devices, container);
  }

  /** Runs the poststop hooks. The container's end does not depend on their outcome. Never rejects; logs failures. */
  async #afterStop(record: OciRecord): Promise<void> {
    // A container without a pid was never visible to its caller: run no poststop hooks.
    if (record.pid === 0) return;
    const run = { state: JSON.stringify(stateOf(record, 'stopped')), cwd: record.bundle };
    for (const hook of record.hooks.poststop)
      await runHooks('poststop', [hook], run).catch((error: unknown) =>
        this.#log.warn(`OCI container ${record.id} is deleted, but for a hook`, { error }),
      );
  }
}

function keyOf(root: string, id: string): string {
  return `${root}\0${id}`;
}
