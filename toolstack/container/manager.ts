// SPDX-License-Identifier: Apache-2.0
// All containers of this host: running new ones, finding, ending and removing them.

import type { Client, ContainerSummary, RunOptions, RunOutcome } from '../api/engine.js';
import { shellStatus } from '../api/wire.js';
import { newContainerId, sandboxIdOf } from '../base/ids.js';
import type { Log } from '../base/log.js';
import type { Image, ImageStore } from '../image/index.js';
import { createSandbox } from '../sandbox/create.js';
import { describeDeath, type ProcessStart, type Sandbox } from '../sandbox/sandbox.js';
import type { SandboxServices } from '../sandbox/services.js';

import { newSandboxRecord } from '../sandbox/record.js';
import { Container, INIT_PROCESS } from './container.js';
import { ContainerError } from './errors.js';
import { checkLimits, type Limits } from '../sandbox/limits.js';
import { checkName, findRecord, inventName } from './names.js';
import type { ContainerRecord, RecordStore } from './record.js';
import type { ProcessObject } from './spec.js';
import { planStart, processFlags } from './start.js';

export interface ContainerServices {
  sandbox: SandboxServices;
  images: ImageStore;
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
   * Runs a container in the client's foreground. Resolves once it has ended and is cleaned up.
   * Rejects when no process of it ever ran; nothing is left of it then.
   */
  async run(options: RunOptions, client: Client): Promise<RunOutcome> {
    const name = this.#reserveName(options.name);
    let container: Container | undefined;
    try {
      const limits = await checkLimits(options, this.#services.sandbox);
      const image = await this.#services.images.resolve(options.image, {
        pullPolicy: options.pull,
        tlsVerify: options.tlsVerify,
        cwd: client.cwd,
        signal: client.signal,
        // An image that is there already is no news to somebody who wants to run it.
        onProgress: (line) =>
          line.endsWith('is up to date') ? undefined : client.err(`${line}\n`),
      });
      const record = this.#newRecord(name, image, options, limits);
      const start = planStart(record, image, options, client);
      container = new Container(record, this.#services.records, this.#services.log);
      record.process = processOf(start.config);
      record.command = record.process.args;
      this.#containers.set(record.id, container);
      await this.#launch(container, start, client);
    } catch (error) {
      if (container) await this.#undo(container);
      throw error;
    } finally {
      this.#reserved.delete(name);
    }
    this.watchOver(container);
    await container.finished;
    return { joined: true };
  }

  /** From now on the container's end, whenever it comes, cleans it up. */
  watchOver(container: Container): void {
    this.#containers.set(container.record.id, container);
    const death = container.sandbox && this.#watchDomain(container, container.sandbox);
    container.finished = container.ended.then(async (ending) => {
      death?.close();
      await container.finish(ending);
      if (container.record.rm) this.#containers.delete(container.record.id);
    });
  }

  /** Puts a container that has already ended into the books. */
  addEnded(container: Container): void {
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
      await container.finished;
    }
    await this.#services.records.remove(record.id);
    this.#containers.delete(record.id);
    return record.id;
  }

  /** Whether a container still needs the image. */
  usesImage(imageId: string): boolean {
    return [...this.#containers.values()].some(({ record }) => record.imageId === imageId);
  }

  async #launch(container: Container, start: ProcessStart, client: Client): Promise<void> {
    const { record } = container;
    const { records } = this.#services;
    await records.save(record);
    const sandbox = await createSandbox(
      this.#services.sandbox,
      record.sandbox,
      container.shimEvents,
      async (domid) => {
        record.sandbox.domid = domid;
        await records.save(record);
      },
      client.signal,
    );
    container.sandbox = sandbox;
    await sandbox.shim.expect(
      INIT_PROCESS,
      record.flags,
      records.logPath(record.id),
      records.statusPath(record.id),
    );
    await client.join(sandbox.shimSocket, INIT_PROCESS, record.flags);
    await sandbox.start(start);
    await container.update({ state: 'running' });
  }

  async #undo(container: Container): Promise<void> {
    await container.sandbox?.destroy();
    this.#containers.delete(container.record.id);
    await this.#services.records.remove(container.record.id);
  }

  #watchDomain(container: Container, sandbox: Sandbox) {
    return this.#services.sandbox.host.libxl.onDomainDeath(sandbox.domid, (event) => {
      // A destroyed domain is the shim's news, which comes with all that the container wrote before.
      if (event.type === 'domain_shutdown') container.lose(`its domain ${describeDeath(event)}`);
    });
  }

  #reserveName(wanted: string | undefined): string {
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

  #newRecord(name: string, image: Image, options: RunOptions, limits: Limits): ContainerRecord {
    const id = newContainerId();
    const macs = new Set([...this.#containers.values()].map(({ record }) => record.sandbox.mac));
    return {
      ...{ id, name, image: options.image, imageId: image.id, command: [] },
      ...{
        created: Date.now(),
        state: 'creating',
        rm: options.rm,
        flags: processFlags(options),
        cpus: limits.cpus,
      },
      sandbox: newSandboxRecord(
        {
          id: sandboxIdOf(id),
          name,
          hostname: options.hostname ?? id.slice(0, 12),
          layers: image.layers.map((layer) => layer.erofsPath),
        },
        limits,
        macs,
      ),
    };
  }
}

function processOf(config: string): ProcessObject {
  return (JSON.parse(config) as { process: ProcessObject }).process;
}

function summarize(record: ContainerRecord): ContainerSummary {
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
