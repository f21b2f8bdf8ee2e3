// SPDX-License-Identifier: Apache-2.0
// thaw run, create, start and attach: makes and starts containers, and joins clients to them.

import { rm } from 'node:fs/promises';
import type {
  Client,
  CreateOptions,
  RunOptions,
  RunOutcome,
  StartOptions,
} from '../../api/engine.js';
import { ProcessFlag } from '../../api/wire.js';
import { Steps } from '../../base/steps.js';
import { giveBackAddresses } from '../../sandbox/release.js';
import { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import { advance, isAtRest, revertTo } from '../lifecycle/lifecycle.js';
import { launch } from '../lifecycle/launch.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { dropVolumes, releaseHost } from './volumes.js';
import { planAgain, planRun, type RunPlan } from './plan.js';

/**
 * Runs a container. Detached, it resolves once the container runs. In the client's foreground, it resolves once the container has ended,
 * while its sandbox may still be ending. Rejects when no process of the container ever ran, and then leaves nothing of it.
 */
export async function runContainer(
  services: ContainerServices,
  manager: ContainerManager,
  options: RunOptions,
  client: Client,
): Promise<RunOutcome> {
  const { detach, onId, ...lasting } = options;
  const name = manager.reserveName(options.name);
  const steps = new Steps(services.log, `Container ${name}`);
  let container: Container | undefined;
  try {
    const plan = await steps.time('plan', planRun(services, { name }, lasting, client));
    const made = new Container(plan.record, services.records, services.log);
    container = made;
    manager.add(made);
    services.events.tell('create', plan.record);
    await services.devices.give(plan.record.id, name, options.devices ?? []);
    onId?.(plan.record.id);
    const attached = detach ? undefined : client;
    made.launched = services.pool.during(() =>
      launch(services, made, { plan, attached, signal: client.signal, steps }),
    );
    await made.launched;
  } catch (error) {
    if (container) await manager.undo(container);
    throw error;
  } finally {
    manager.freeName(name);
    if (container) container.launched = undefined;
  }
  manager.watchOver(container);
  if (!detach) await steps.time('run', container.ended);
  steps.done();
  return detach ? { joined: false, status: 0, id: container.record.id } : { joined: true };
}

/** Makes a container without a domain. Resolves with the container's id. Leaves nothing when it rejects. */
export async function createContainer(
  services: ContainerServices,
  manager: ContainerManager,
  { onId, ...options }: CreateOptions,
  client: Client,
): Promise<string> {
  const name = manager.reserveName(options.name);
  try {
    const { record } = await planRun(services, { name }, options, client);
    // Each start chooses addresses anew.
    giveBackAddresses(services.sandbox, record.sandbox);
    delete record.sandbox.network;
    advance(record, 'make');
    try {
      onId?.(record.id);
      await services.records.makeFolder(record.id);
      await services.records.save(record);
    } catch (error) {
      await services.records.remove(record.id);
      await releaseHost(services, record);
      await dropVolumes(services, manager, record);
      throw error;
    }
    await releaseHost(services, record);
    manager.add(new Container(record, services.records, services.log));
    services.events.tell('create', record);
    return record.id;
  } finally {
    manager.freeName(name);
  }
}

interface Start extends StartOptions {
  /** The number of starts by a restart policy in a row, with this one. 0 for a start by a user. */
  restarts?: number;
  /** Called once the start is possible. The container starts only if the result is true. */
  isWanted?: (record: Container['record']) => boolean;
}

/**
 * Starts a container that does not run. Leaves a running container alone, and joins the client to it on request. Rejects with
 * ERR_CONTAINER_STATE and as runContainer() does. The container then keeps its former state.
 */
export async function startContainer(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  options: Start,
  client: Client,
): Promise<RunOutcome> {
  const { isWanted = () => true, restarts = 0, attach } = options;
  const started = await manager.whenSettled(key, (container) => {
    if (container.record.state === 'running') return { running: container };
    if (!isWanted(container.record)) return {};
    const made = begin(services, manager, container, restarts);
    // Includes the undo of a failed start: no other start may begin before that is done.
    const launched = startOrUndo(services, made, options, client);
    made.launched = launched;
    return { made, launched };
  });
  const { running, made } = started;
  if (running && attach) return attachTo(running, { stdin: options.interactive }, client);
  if (!made) return { joined: false, status: 0 };
  try {
    await started.launched;
  } finally {
    made.launched = undefined;
  }
  manager.watchOver(made);
  if (!attach) return { joined: false, status: 0 };
  await made.ended;
  return { joined: true };
}

async function startOrUndo(
  services: ContainerServices,
  container: Container,
  options: StartOptions,
  client: Client,
): Promise<void> {
  const { record } = container;
  const before = record.sandbox;
  const steps = new Steps(services.log, `Container ${record.name}`);
  try {
    await startAnew(services, container, options, client, steps);
  } catch (error) {
    await container.sandbox?.destroy();
    container.sandbox = undefined;
    // Also when no sandbox was made. The addresses of the former sandbox may belong to another container now.
    if (record.sandbox !== before) giveBackAddresses(services.sandbox, record.sandbox);
    await releaseHost(services, record);
    await container.transition(revertTo(stateBefore(record)));
    throw error;
  } finally {
    steps.done();
  }
}

/** Creates a fresh Container object for the next run. Throws ERR_CONTAINER_STATE. */
function begin(
  services: ContainerServices,
  manager: ContainerManager,
  { record }: Container,
  restarts: number,
): Container {
  if (!isAtRest(record)) throw stateError('start', record);
  record.restarts = restarts;
  advance(record, 'start');
  record.isStopped = false;
  const made = new Container(record, services.records, services.log);
  manager.add(made);
  return made;
}

/** Returns the state before this start, by what the last run left in the record. */
export function stateBefore({ exit, reason }: Container['record']): 'created' | 'exited' | 'lost' {
  return exit ? 'exited' : reason === undefined ? 'created' : 'lost';
}

async function startAnew(
  services: ContainerServices,
  container: Container,
  { attach, interactive }: StartOptions,
  client: Client,
  steps: Steps,
): Promise<void> {
  const { record } = container;
  await services.devices.give(record.id, record.name, record.options?.devices ?? []);
  const plan: RunPlan = await steps.time('plan', planAgain(services, record, client));
  // The next thawd would take an old status file for that of this run.
  await rm(services.records.statusPath(record.id), { force: true });
  const attached = attach ? withStdin(client, interactive) : undefined;
  await services.pool.during(() =>
    launch(services, container, { plan, attached, signal: client.signal, steps }),
  );
}

/** Joins the client to the container's first process until the process ends. Rejects with ERR_CONTAINER_STATE. */
export async function attachTo(
  container: Container,
  options: { stdin: boolean },
  client: Client,
): Promise<RunOutcome> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('attach to', record);
  const joining = withStdin(client, options.stdin);
  await joining.join(sandbox.shimSocket, container.execs.first, record.flags);
  await container.ended;
  return { joined: true };
}

/** Returns a client that feeds a process's stdin only if `feeds` is true. */
function withStdin(client: Client, feeds: boolean): Client {
  if (feeds) return client;
  const join: Client['join'] = (path, process, flags) =>
    client.join(path, process, flags & ~ProcessFlag.STDIN);
  return { ...client, join };
}
