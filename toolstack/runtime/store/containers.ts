// SPDX-License-Identifier: Apache-2.0
// Manages all containers of this host: lists, finds and removes them, reserves names, and cleans up after a container's end.

import type { ContainerSummary } from '../../api/engine.js';
import { shellStatus } from '../../api/wire.js';
import { defined } from '../../base/defined.js';
import type { Log } from '../../base/log.js';
import type { Pool } from '../../sandbox/pool/pool.js';
import { giveBackAddresses } from '../../sandbox/release.js';
import { describeDeath, type ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Ending } from '../lifecycle/base-container.js';
import type { Container } from '../lifecycle/container.js';
import type { GivenDevices } from '../create/devices.js';
import { ContainerError } from '../errors.js';
import type { Events } from '../lifecycle/events.js';
import { pausedBy } from './disk-pause.js';
import { checkName, findRecord, inventName } from './names.js';
import { noticePauses } from '../pause/detect.js';
import { advance, isAtRest, isUp, revertTo } from '../lifecycle/lifecycle.js';
import type { PlanServices } from '../create/plan.js';
import { memoryOf, type ContainerRecord, type RecordStore } from './record.js';
import { dropVolumes, keepVolumes, releaseHost } from '../create/volumes.js';

export interface ContainerServices extends PlanServices {
  pool: Pool;
  records: RecordStore;
  events: Events;
  devices: GivenDevices;
  log: Log;
}

export class ContainerManager {
  readonly #services: ContainerServices;
  readonly #containers = new Map<string, Container>();
  /** Names reserved for containers that have no record yet. */
  readonly #reserved = new Set<string>();

  constructor(services: ContainerServices) {
    this.#services = services;
  }

  get containers(): IterableIterator<Container> {
    return this.#containers.values();
  }

  /** Registers the container, and cleans up after it whenever it ends. */
  watchOver(container: Container): void {
    this.#containers.set(container.record.id, container);
    const { sandbox } = container;
    let death = sandbox && this.#watchDomain(container, sandbox);
    container.watchAgain = () => {
      death?.close();
      death = sandbox && this.#watchDomain(container, sandbox);
    };
    const cleanUp = async (ending: Ending): Promise<void> => {
      container.watchAgain = () => undefined;
      death?.close();
      const { record } = container;
      // The name must be free as soon as the client knows of the end.
      if (record.rm) this.#containers.delete(record.id);
      this.#services.devices.ends(record.id);
      const going = container.finish(ending);
      this.#services.sandbox.budget.expectBack(going);
      this.#services.events.tell('died', record);
      await going;
      await releaseHost(this.#services, record);
      if (record.rm && record.keepsVolumes !== true)
        await dropVolumes(this.#services, this, record);
      if (record.rm) this.#services.events.tell('remove', record);
    };
    container.isWatched = true;
    void container.ended.then((ending) => void container.finishBy(() => cleanUp(ending)));
    container.finished
      .catch((error: unknown) =>
        this.#services.log.error(`Cannot clean up after ${container.label}`, { error }),
      )
      .finally(() => (container.isWatched = false));
  }

  /** Registers a container that has already ended or is being made. */
  add(container: Container): void {
    this.#containers.set(container.record.id, container);
  }

  list(all: boolean): ContainerSummary[] {
    return [...this.#containers.values()]
      .map((container) => summarize(container.record))
      .filter(({ state }) => all || LISTED.includes(state))
      .sort((a, b) => b.created - a.created);
  }

  /** Finds a container by name, id, or the beginning of an id. Throws ERR_CONTAINER_NOT_FOUND. */
  find(key: string): Container {
    return findRecord(this.#containers.values(), key);
  }

  get(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  /** Finds a container, waits until its start, file guest or sandbox's end is over, and notices pauses by xl. Rejects as find() throws. */
  settled(key: string): Promise<Container> {
    return this.whenSettled(key, (container) => container);
  }

  /**
   * Calls `work` with a settled container at once. A caller that awaits settled() may find the container changed by another waiter. `work`
   * must change the container's state before it awaits anything.
   */
  async whenSettled<T>(key: string, work: (container: Container) => T | Promise<T>): Promise<T> {
    const { id } = this.find(key).record;
    for (let noticed = false; ;) {
      const container = this.find(id);
      const { launched, fileGuest, isWatched, finished, record } = container;
      const pending = launched ?? fileGuest ?? (isWatched && !isUp(record) ? finished : undefined);
      if (pending) {
        await pending.catch(() => undefined);
      } else if (isUp(record) && !noticed) {
        await noticePauses(this.#services, [container]);
        noticed = true;
      } else return await work(container);
    }
  }

  /** Removes a container, but a running container only with `force`. Resolves with the container's id once nothing of it is left. */
  async remove(key: string, force: boolean, volumes = false): Promise<string> {
    const { record, launched } = this.find(key);
    if (launched === undefined || force)
      return this.whenSettled(record.id, (container) => this.#remove(container, force, volumes));
    throw cannotRemove(record);
  }

  async #remove(container: Container, force: boolean, volumes: boolean): Promise<string> {
    const { record } = container;
    if (force && isUp(record)) {
      const keepsVolumes = !record.rm && !volumes;
      await this.#intend(container, { rm: true, keepsVolumes });
      if (keepsVolumes) await keepVolumes(this.#services, record);
      container.lose('it was removed by force');
      await container.finished;
      return record.id;
    }
    if (!isAtRest(record)) throw cannotRemove(record);
    const { state } = record;
    try {
      await this.#intend(container, { keepsVolumes: !volumes });
      if (!volumes) await keepVolumes(this.#services, record);
      await this.#services.records.remove(record.id);
    } catch (error) {
      advance(record, revertTo(state));
      throw error;
    }
    if (this.#containers.delete(record.id)) this.#services.events.tell('remove', record);
    if (volumes) await dropVolumes(this.#services, this, record);
    return record.id;
  }

  /** Marks the container as removing: no start or copy begins, and the next thawd continues. A full disk does not stop the removal. */
  async #intend(
    container: Container,
    how: Pick<ContainerRecord, 'keepsVolumes'> & { rm?: boolean },
  ): Promise<void> {
    await container
      .transition('remove', how)
      .catch((error: unknown) =>
        this.#services.log.warn(`Cannot write down that ${container.record.name} goes`, { error }),
      );
  }

  /** True while a container needs the image. */
  usesImage(imageId: string): boolean {
    return [...this.#containers.values()].some(({ record }) => record.imageId === imageId);
  }

  /** Removes all parts of a container that never ran. */
  async undo(container: Container): Promise<void> {
    const { record } = container;
    await container.sandbox?.destroy();
    giveBackAddresses(this.#services.sandbox, record.sandbox);
    this.#containers.delete(record.id);
    await this.#services.records.remove(record.id);
    await releaseHost(this.#services, record);
    await dropVolumes(this.#services, this, record);
    this.#services.events.tell('remove', record);
  }

  #watchDomain(container: Container, sandbox: ContainerSandbox) {
    return sandbox.onDeath((event) => {
      // The shim reports a destroyed domain, after all output of the container. A suspended domain resumes.
      if (event.type === 'domain_shutdown' && event.shutdownReason !== 'suspend')
        container.lose(`its domain ${describeDeath(event)}`);
    });
  }

  /** Reserves a name for a new container until freeName(). Throws ERR_CONTAINER_NAME and ERR_USAGE. */
  reserveName(wanted: string | undefined): string {
    const isUsed = (name: string): boolean =>
      this.#reserved.has(name) ||
      this.#services.pods.hasName(name) ||
      [...this.#containers.values()].some(({ record }) => record.name === name);
    const name = wanted ?? inventName(isUsed);
    checkName(name);
    if (isUsed(name)) {
      throw new ContainerError(
        'ERR_CONTAINER_NAME',
        `Cannot use the name "${name}": a ${this.#services.pods.hasName(name) ? 'pod has it; remove that with thaw pod rm' : 'container has it; remove that with thaw rm'}, or choose another`,
      );
    }
    this.#reserved.add(name);
    return name;
  }

  freeName(name: string): void {
    this.#reserved.delete(name);
  }
}

function cannotRemove({ name, state }: ContainerRecord): ContainerError {
  return new ContainerError(
    'ERR_CONTAINER_STATE',
    `Cannot remove container "${name}": it is ${state}; end it first, or use --force`,
  );
}

/** The states of the containers in a list without --all. */
const LISTED = ['creating', 'starting', 'running', 'paused'];

/** Returns a container's entry in a list. */
export function summarize(record: ContainerRecord): ContainerSummary {
  const { id, name, image, imageId, command, created, started, finished, state } = record;
  const { exit, reason, cpus, sandbox, options, restarts = 0, health, pod, owner } = record;
  return {
    id,
    name,
    image,
    imageId,
    command,
    created,
    state,
    cpus,
    restarts,
    ...defined({ started, finished }),
    type: sandbox.type,
    memoryBytes: memoryOf(record),
    labels: options?.labels ?? {},
    ports: isUp(record) ? (sandbox.network?.ports ?? []) : [],
    addresses: isUp(record) ? (sandbox.network?.addresses ?? []).map(({ address }) => address) : [],
    mounts: (options?.mounts ?? []).map(({ source, destination }) => ({ source, destination })),
    ...(sandbox.network ? { network: sandbox.network.network } : {}),
    ...(exit ? { exitStatus: shellStatus(exit) } : {}),
    ...defined({ reason, pod, owner, pausedBy: pausedBy(record) }),
    ...(health && isUp(record) ? { health: health.status } : {}),
    ...(sandbox.domid !== undefined && isUp(record) ? { domid: sandbox.domid } : {}),
  };
}
