// SPDX-License-Identifier: Apache-2.0
// How a container comes to be and to run: thaw run, create, start and attach.

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
import { dropVolumes, letGoOfHost } from './volumes.js';
import { planAgain, planRun, type RunPlan } from './plan.js';

/**
 * Runs a container, in the client's foreground unless detached: then it resolves once it runs, else once it has ended; its sandbox may still
 * be going. Rejects when no process of it ever ran; nothing is left of it then.
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

/** Makes a container that has everything but a domain; resolves with its id. Leaves nothing when it rejects. */
export async function createContainer(
  services: ContainerServices,
  manager: ContainerManager,
  { onId, ...options }: CreateOptions,
  client: Client,
): Promise<string> {
  const name = manager.reserveName(options.name);
  try {
    const { record } = await planRun(services, { name }, options, client);
    // Chosen anew with each start.
    giveBackAddresses(services.sandbox, record.sandbox);
    delete record.sandbox.network;
    advance(record, 'make');
    try {
      onId?.(record.id);
      await services.records.makeFolder(record.id);
      await services.records.save(record);
    } catch (error) {
      await services.records.remove(record.id);
      await letGoOfHost(services, record);
      await dropVolumes(services, manager, record);
      throw error;
    }
    await letGoOfHost(services, record);
    manager.add(new Container(record, services.records, services.log));
    services.events.tell('create', record);
    return record.id;
  } finally {
    manager.freeName(name);
  }
}

interface Start extends StartOptions {
  /** How often a policy has started it in a row, this time included; somebody who starts it begins anew. */
  restarts?: number;
  /** Whether it is still to be started, once it can be. */
  isWanted?: (record: Container['record']) => boolean;
}

/**
 * Starts a container that does not run; one that does is left alone, or joined where that was asked for. Rejects with
 * ERR_CONTAINER_STATE and as runContainer(); the container is then what it was.
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
    // With what is undone of it: nobody else is to start it before.
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
    // Also where it never came to a sandbox; what it had before is somebody else's now.
    if (record.sandbox !== before) giveBackAddresses(services.sandbox, record.sandbox);
    await letGoOfHost(services, record);
    await container.transition(revertTo(stateBefore(record)));
    throw error;
  } finally {
    steps.done();
  }
}

/** A life of its own for the container's next run. Throws ERR_CONTAINER_STATE. */
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
  // The next thawd would take it for this run's.
  await rm(services.records.statusPath(record.id), { force: true });
  const attached = attach ? withStdin(client, interactive) : undefined;
  await services.pool.during(() =>
    launch(services, container, { plan, attached, signal: client.signal, steps }),
  );
}

/** Joins the client to the container's first process, until that has ended. Rejects with ERR_CONTAINER_STATE. */
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

/** A client that feeds a process's stdin only where that was asked for. */
function withStdin(client: Client, feeds: boolean): Client {
  if (feeds) return client;
  const join: Client['join'] = (path, process, flags) =>
    client.join(path, process, flags & ~ProcessFlag.STDIN);
  return { ...client, join };
}
