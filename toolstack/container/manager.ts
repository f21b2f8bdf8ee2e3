// SPDX-License-Identifier: Apache-2.0
// All containers of this host: running new ones, finding, ending and removing them.

import type { Client, ContainerSummary, RunOptions, RunOutcome } from '../api/engine.js';
import { shellStatus } from '../api/wire.js';
import type { Log } from '../base/log.js';
import { Steps } from '../base/steps.js';
import { createSandbox } from '../sandbox/create.js';
import type { Pool } from '../sandbox/pool.js';
import { describeDeath, type Sandbox } from '../sandbox/sandbox.js';
import { Container, INIT_PROCESS } from './container.js';
import { ContainerError } from './errors.js';
import { checkName, findRecord, inventName } from './names.js';
import { planRun, type PlanServices, type RunPlan } from './plan.js';
import type { ContainerRecord, RecordStore } from './record.js';

export interface ContainerServices extends PlanServices {
  pool: Pool;
  records: RecordStore;
  log: Log;
}

export class ContainerManager {
  readonly #services: ContainerServices;
  readonly #containers = new Map<string, Container>();
  /** Names given to containers whose record is not there yet. */
  readonly #reserved = new Set<string>();

  constructor(services: ContainerServices) {
    this.#services = services;
  }

  get containers(): IterableIterator<Container> {
    return this.#containers.values();
  }

  /**
   * Runs a container in the client's foreground. Resolves once it has ended; its sandbox may still be going.
   * Rejects when no process of it ever ran; nothing is left of it then.
   */
  async run(options: RunOptions, client: Client): Promise<RunOutcome> {
    const name = this.reserveName(options.name);
    const steps = new Steps(this.#services.log, `Container ${name}`);
    let container: Container | undefined;
    try {
      const plan = await steps.time('plan', planRun(this.#services, name, options, client));
      const made = new Container(plan.record, this.#services.records, this.#services.log);
      container = made;
      this.#containers.set(plan.record.id, made);
      await this.#services.pool.during(() => this.#launch(made, plan, client, steps));
    } catch (error) {
      if (container) await this.undo(container);
      throw error;
    } finally {
      this.freeName(name);
    }
    this.watchOver(container);
    await steps.time('run', container.ended);
    steps.done();
    return { joined: true };
  }

  /** From now on the container's end, whenever it comes, cleans it up. */
  watchOver(container: Container): void {
    this.#containers.set(container.record.id, container);
    const { sandbox } = container;
    let death = sandbox && this.#watchDomain(container, sandbox);
    container.watchAgain = () => {
      death?.close();
      death = sandbox && this.#watchDomain(container, sandbox);
    };
    container.finished = container.ended.then(async (ending) => {
      container.watchAgain = () => undefined;
      death?.close();
      // Its name is free as soon as its client knows of the end.
      if (container.record.rm) this.#containers.delete(container.record.id);
      const going = container.finish(ending);
      this.#services.sandbox.budget.expectBack(going);
      await going;
    });
  }

  /** Puts a container into the books that has already ended, or is being made. */
  add(container: Container): void {
    this.#containers.set(container.record.id, container);
  }

  list(all: boolean): ContainerSummary[] {
    return [...this.#containers.values()]
      .map((container) => summarize(container.record))
      .filter((summary) => all || summary.state === 'running' || summary.state === 'creating')
      .sort((a, b) => b.created - a.created);
  }

  find(key: string): Container {
    return findRecord(this.#containers.values(), key);
  }

  /** Sends a signal to the container's process. Rejects with ERR_CONTAINER_STATE when it does not run. */
  kill(key: string, signal: number): void {
    const { record, sandbox } = this.find(key);
    if (record.state !== 'running' || !sandbox) {
      throw new ContainerError(
        'ERR_CONTAINER_STATE',
        `Cannot signal container "${record.name}": it is ${record.state}`,
      );
    }
    sandbox.shim.signal(INIT_PROCESS, signal);
  }

  /** Removes a container; a running one only with `force`. Resolves with its id once nothing of it is left. */
  async remove(key: string, force: boolean): Promise<string> {
    const container = this.find(key);
    const { record } = container;
    if (record.state === 'creating' || (record.state === 'running' && !force)) {
      throw new ContainerError(
        'ERR_CONTAINER_STATE',
        `Cannot remove container "${record.name}": it is ${record.state}; end it first, or use --force`,
      );
    }
    if (record.state === 'running') {
      record.rm = true;
      container.lose('it was removed by force');
    }
    await container.finished;
    await this.#services.records.remove(record.id);
    this.#containers.delete(record.id);
    return record.id;
  }

  /** Whether a container still needs the image. */
  usesImage(imageId: string): boolean {
    return [...this.#containers.values()].some(({ record }) => record.imageId === imageId);
  }

  async #launch(container: Container, plan: RunPlan, client: Client, steps: Steps): Promise<void> {
    const { record } = container;
    const { records, sandbox: services, pool } = this.#services;
    const folder = records.makeFolder(record.id);
    // Whoever waits for it sees that it failed.
    folder.catch(() => undefined);
    container.sandbox = await createSandbox(services, pool, record.sandbox, {
      events: container.shimEvents,
      meanwhile: async (sandbox) => {
        await folder;
        await Promise.all([records.save(record), this.#join(record, sandbox, client)]);
      },
      signal: client.signal,
      frozen: plan.frozen,
    });
    await steps.time('start', plan.start(container.sandbox));
    record.state = 'running';
    // The next thawd would see from the shim that it runs.
    container.update({ state: 'running' }).catch((error: unknown) => {
      this.#services.log.error(`Cannot write down that ${record.name} runs`, { error });
    });
  }

  /** The client's streams, before there is a process that could use them. */
  async #join(record: ContainerRecord, sandbox: Sandbox, client: Client): Promise<void> {
    const { records } = this.#services;
    const [logPath, statusPath] = [records.logPath(record.id), records.statusPath(record.id)];
    await sandbox.shim.expect(INIT_PROCESS, record.flags, logPath, statusPath);
    await client.join(sandbox.shimSocket, INIT_PROCESS, record.flags);
  }

  /** Removes what there is of a container that did not come to run. */
  async undo(container: Container): Promise<void> {
    const { record } = container;
    await container.sandbox?.destroy();
    this.#services.sandbox.macs.delete(record.sandbox.mac);
    this.#containers.delete(record.id);
    await this.#services.records.remove(record.id);
  }

  #watchDomain(container: Container, sandbox: Sandbox) {
    return sandbox.onDeath((event) => {
      // A destroyed domain is the shim's news, which comes with all that the container wrote before. One that is suspended goes on.
      if (event.type === 'domain_shutdown' && event.shutdownReason !== 'suspend')
        container.lose(`its domain ${describeDeath(event)}`);
    });
  }

  /** Keeps a name for a container that is to come, until freeName(). Throws ERR_CONTAINER_NAME and ERR_USAGE. */
  reserveName(wanted: string | undefined): string {
    const isUsed = (name: string): boolean =>
      this.#reserved.has(name) ||
      [...this.#containers.values()].some(({ record }) => record.name === name);
    const name = wanted ?? inventName(isUsed);
    checkName(name);
    if (isUsed(name)) {
      throw new ContainerError(
        'ERR_CONTAINER_NAME',
        `Cannot use the name "${name}": a container has it; remove that with thaw rm, or choose another`,
      );
    }
    this.#reserved.add(name);
    return name;
  }

  freeName(name: string): void {
    this.#reserved.delete(name);
  }
}

/** What a list shows of a container. */
export function summarize(record: ContainerRecord): ContainerSummary {
  const { id, name, image, command, created, state, exit, reason, cpus, sandbox } = record;
  return {
    ...{ id, name, image, command, created, state, cpus },
    type: sandbox.type,
    memoryBytes: sandbox.memoryKib * 1024,
    ...(exit ? { exitStatus: shellStatus(exit) } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(sandbox.domid !== undefined && state === 'running' ? { domid: sandbox.domid } : {}),
  };
}
