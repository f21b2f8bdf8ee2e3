// SPDX-License-Identifier: Apache-2.0
// Launches a container from its plan: makes the sandbox, lets the shim expect the process, joins the client to it, and starts it.

import type { Client } from '../../api/engine.js';
import { describeError, errorCode } from '../../base/errors.js';
import type { Steps } from '../../base/steps.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Container } from './container.js';
import { advance } from './lifecycle.js';
import type { ContainerServices } from '../store/containers.js';
import type { RunPlan } from '../create/plan.js';
import { noteFilled } from '../create/volumes.js';

export interface LaunchRequest {
  plan: RunPlan;
  /** The client whose streams the process gets; undefined for a process without a client. */
  attached?: Client | undefined;
  /** Aborts when the caller no longer wants the container. */
  signal?: AbortSignal | undefined;
  steps: Steps;
}

/** Resolves when the process runs. Rejects with the reason when it does not; the container then keeps its sandbox, if it has one. */
export async function launch(
  services: ContainerServices,
  container: Container,
  { plan, attached, signal, steps }: LaunchRequest,
): Promise<void> {
  const { record } = container;
  const { records, sandbox } = services;
  const folder = records.makeFolder(record.id);
  // `meanwhile` awaits the folder and reports its failure.
  folder.catch(() => undefined);
  const meanwhile = async (made: ContainerSandbox): Promise<void> => {
    await folder;
    const expected = expectInit(services, container, made, attached);
    await Promise.all([records.save(record), expected]);
  };
  container.sandbox = await plan.enter(services, container, { meanwhile, signal, steps });
  await noteFilled(services, record);
  const { sandbox: made } = container;
  const { network, introduction } = record.sandbox;
  const isUnknown = introduction !== undefined;
  // With deferred registration, the network finds the container as soon as it is connected.
  if (network && !isUnknown) await sandbox.networks.publish(network);
  await steps.time('start', plan.start(made, record.place));
  // A caller without streams relies on the network. The program itself has been told that the network is there.
  if (!attached) await steps.time('connect', made.connect());
  else if (isUnknown)
    made.connected.then(
      () => container.update({}).catch(() => undefined),
      (error: unknown) => lose(services, container, error),
    );
  for (const key of ['exit', 'reason', 'finished'] as const) delete record[key];
  advance(record, 'run');
  record.started = Date.now();
  // A client is not told of the start: the next thawd would see from the shim that the container runs.
  const recorded = container.update({}).catch((error: unknown) => {
    services.log.error(`Cannot write down that ${record.name} runs`, { error });
  });
  services.events.tell('start', record);
  // Without a client the wait delays no process. The start then outlives a power cut, and xl knows the container's name.
  if (!attached) await Promise.all([recorded, container.sandbox.written()]);
}

/** Ends a container that lacks a device promised to it. If the cause is the end of this thawd, the next thawd connects the device. */
function lose({ log }: ContainerServices, container: Container, error: unknown): void {
  if (errorCode(error) === 'ERR_XENSTORE_CLOSED') return;
  const reason = `it could not be connected: ${describeError(error)}`;
  log.error(`Container ${container.record.name} ends: ${reason}`);
  container.lose(reason);
}

/** Lets the shim expect the process, and joins the client's streams before the process can use them. */
async function expectInit(
  { records }: ContainerServices,
  { record, execs: { first } }: Container,
  { shim, shimSocket }: ContainerSandbox,
  attached: Client | undefined,
): Promise<void> {
  await shim.expect(first, record.flags, records.logPath(record.id), records.statusPath(record.id));
  await attached?.join(shimSocket, first, record.flags);
}
