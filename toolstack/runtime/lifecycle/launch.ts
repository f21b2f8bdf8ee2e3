// SPDX-License-Identifier: Apache-2.0
// From a plan to a process that runs: the sandbox, the shim that expects the process, a client that is joined to it, the start.

import type { Client } from '../../api/engine.js';
import { describeError, errorCode } from '../../base/errors.js';
import type { Steps } from '../../base/steps.js';
import { createSandbox } from '../../sandbox/create/create.js';
import { upperKibOf } from '../../sandbox/create/layers.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import { enterPod, type Pod } from '../pod/index.js';
import type { Container } from './container.js';
import { advance } from './lifecycle.js';
import type { ContainerServices } from '../store/containers.js';
import type { RunPlan } from '../create/plan.js';
import { noteFilled } from '../create/volumes.js';

export interface LaunchRequest {
  plan: RunPlan;
  /** Whose streams are the process's; nobody's where it is undefined. */
  attached?: Client | undefined;
  /** Aborts when nobody wants it any more. */
  signal?: AbortSignal | undefined;
  steps: Steps;
}

/** Resolves when the process runs. Rejects with why it does not; the sandbox, where there is one, is then still the container's. */
export async function launch(
  services: ContainerServices,
  container: Container,
  { plan, attached, signal, steps }: LaunchRequest,
): Promise<void> {
  const { record } = container;
  const { records, sandbox, pool } = services;
  const folder = records.makeFolder(record.id);
  // Whoever waits for it sees that it failed.
  folder.catch(() => undefined);
  const meanwhile = async (made: ContainerSandbox): Promise<void> => {
    await folder;
    const expected = expectInit(services, container, made, attached);
    await Promise.all([records.save(record), expected]);
  };
  const { shimEvents: events } = container;
  container.sandbox = plan.pod
    ? await enter(plan.pod, container, { meanwhile, signal, steps })
    : await createSandbox(sandbox, pool, record.sandbox, {
        ...{ events, meanwhile, signal, connectsLater: true },
        frozen: plan.frozen,
      });
  await noteFilled(services, record);
  const { sandbox: made } = container;
  const { network, introduction } = record.sandbox;
  const isUnknown = introduction !== undefined;
  // One that is connected later is found as soon as that is done.
  if (network && !isUnknown) await sandbox.networks.publish(network);
  await steps.time('start', plan.start(made, record.place));
  // Who started it counts on its network; its own program has been told that it is there.
  if (!attached) await steps.time('connect', made.connect());
  else if (isUnknown)
    made.connected.then(
      () => container.update({}).catch(() => undefined),
      (error: unknown) => lose(services, container, error),
    );
  for (const key of ['exit', 'reason', 'finished'] as const) delete record[key];
  advance(record, 'run');
  record.started = Date.now();
  // The next thawd would see from the shim that it runs.
  container.update({}).catch((error: unknown) => {
    services.log.error(`Cannot write down that ${record.name} runs`, { error });
  });
  services.events.tell('start', record);
  // Nobody's wait becomes longer by it, and xl knows its name when its starter goes on.
  if (!attached) await container.sandbox.written();
}

/** A container without what it was told that it has ends; but where this thawd ends, the next one does the rest. */
function lose({ log }: ContainerServices, container: Container, error: unknown): void {
  if (errorCode(error) === 'ERR_XENSTORE_CLOSED') return;
  const reason = `it could not be connected: ${describeError(error)}`;
  log.error(`Container ${container.record.name} ends: ${reason}`);
  container.lose(reason);
}

/** Its pod's domain, with a place for it. */
function enter(
  pod: Pod,
  container: Container,
  {
    meanwhile,
    signal,
    steps,
  }: Pick<LaunchRequest, 'signal' | 'steps'> & {
    meanwhile: (made: ContainerSandbox) => Promise<void>;
  },
): Promise<ContainerSandbox> {
  const { inGuest: name, sandbox } = container.record;
  const { layers, disk, files = [] } = sandbox;
  return enterPod(pod, {
    ...{ name, layers, disk, files, upperKib: upperKibOf(sandbox) },
    ...{ events: container.shimEvents, signal, steps },
    onPlace: async (member) => {
      container.takePlace(member.place);
      const { uuid, type, domid } = pod.record.sandbox ?? sandbox;
      Object.assign(sandbox, { uuid, type, domid });
      await meanwhile(member);
    },
  });
}

/** The client's streams, before there is a process that could use them. */
async function expectInit(
  { records }: ContainerServices,
  { record, execs: { first } }: Container,
  { shim, shimSocket }: ContainerSandbox,
  attached: Client | undefined,
): Promise<void> {
  await shim.expect(first, record.flags, records.logPath(record.id), records.statusPath(record.id));
  await attached?.join(shimSocket, first, record.flags);
}
