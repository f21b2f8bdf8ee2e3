// SPDX-License-Identifier: Apache-2.0
// Copies a running container into a template, translates refusals for the user, and makes the record of a container from a copy.

import { defined } from '../../base/defined.js';
import { newContainerId, sandboxIdOf } from '../../base/ids.js';
import { errorCode, errorMessage } from '../../base/errors.js';
import { copySandbox, type Copied } from '../../sandbox/snapshot/copy-sandbox.js';
import { newSandboxRecord, type SandboxRecord } from '../../sandbox/record.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxServices } from '../../sandbox/services.js';
import type { CreateOptions } from '../../api/engine.js';
import { ProcessFlag } from '../../api/wire.js';
import type { PublishedPort } from '../../network/index.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError, inPod } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { noticePauses } from '../pause/detect.js';
import { limitsOf, pidsLimitOf, type ContainerRecord } from '../store/record.js';

/** The action on the container, for messages. */
export type Verb = 'clone' | 'freeze' | 'checkpoint';

/**
 * Copies memory and disk of a running container, which is frozen meanwhile and then resumes. The caller owns both files. Rejects with
 * ERR_CONTAINER_STATE, or with ERR_CLONE_TCP, ERR_CLONE_STREAMS, ERR_CLONE_VOLUME or ERR_CLONE_BUSY for a state that no copy can continue.
 */
export function copyContainer(
  services: ContainerServices,
  container: Container,
  verb: Verb,
  signal: AbortSignal,
): Promise<Copied> {
  return exclusively(services, container, verb, signal, (sandbox, either) =>
    copySandbox(services.sandbox, sandbox, { container: container.record.inGuest }, either),
  );
}

/**
 * Runs `work` on a container that can be copied, after all earlier exclusive work. Its signal also aborts when the container ends. Rejects as
 * copyContainer() does.
 */
export function exclusively<T>(
  services: ContainerServices,
  container: Container,
  verb: Verb,
  signal: AbortSignal,
  work: (sandbox: Sandbox, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return container.exclusive(async () => {
    await noticePauses(services, [container]);
    const { record, sandbox, ownSandbox } = container;
    if (record.state !== 'running' || !sandbox) throw notRunning(record, verb);
    if (!ownSandbox)
      throw inPod(verb, record, 'only one that has a domain to itself can be copied');
    if (record.sandbox.devices) throw withDevices(record, verb);
    const ended = new AbortController();
    void container.ended.then(() => ended.abort(notRunning(record, verb)));
    try {
      return await work(ownSandbox, AbortSignal.any([signal, ended.signal]));
    } catch (error) {
      throw (
        refusal(record, verb, error) ?? (ended.signal.aborted ? notRunning(record, verb) : error)
      );
    } finally {
      container.watchAgain();
    }
  });
}

function withDevices({ name }: ContainerRecord, verb: Verb): ContainerError {
  return new ContainerError(
    'ERR_CLONE_VOLUME',
    `Cannot ${verb} container "${name}": it has a block device of the host, to which a copy would write as well; run it without --device`,
  );
}

function notRunning({ name, state }: ContainerRecord, verb: Verb): ContainerError {
  return new ContainerError(
    'ERR_CONTAINER_STATE',
    `Cannot ${verb} container "${name}": it is ${state}, and only a running container has a memory`,
  );
}

/** The refusals by the agent's error codes. The message also has the agent's own reason. */
const REFUSALS: Record<string, { code: string; remedy: string }> = {
  ERR_AGENT_TCP: {
    code: 'ERR_CLONE_TCP',
    remedy: 'a copy cannot go on with them; close them first',
  },
  ERR_AGENT_STREAMS: {
    code: 'ERR_CLONE_STREAMS',
    remedy:
      'a copy would have no client for it; run the container without -t, and without -i or until its input has ended',
  },
  ERR_AGENT_VOLUME: {
    code: 'ERR_CLONE_VOLUME',
    remedy: 'a copy would write to it as well; run the container without it',
  },
  ERR_AGENT_BUSY: {
    code: 'ERR_CLONE_BUSY',
    remedy: 'wait until it has ended, or end it',
  },
};

function refusal(
  { name }: ContainerRecord,
  verb: Verb,
  error: unknown,
): ContainerError | undefined {
  const known = REFUSALS[errorCode(error) ?? ''];
  if (!known) return undefined;
  const message = `Cannot ${verb} container "${name}": ${refusalReason(error)}; ${known.remedy}`;
  return new ContainerError(known.code, message);
}

/** Returns the agent's reason not to hold a container, as a part of a sentence. */
export function refusalReason(error: unknown): string {
  const reason = errorMessage(error).replace(/^Agent refused to hold it: /, '');
  return `${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
}

/** The properties that a copy takes over from the copied container. */
export type CopySource = Pick<
  ContainerRecord,
  | 'image'
  | 'imageId'
  | 'command'
  | 'process'
  | 'inGuest'
  | 'cpus'
  | 'flags'
  | 'stopSignal'
  | 'pidsLimit'
  | 'memoryBytes'
  | 'limits'
> & {
  options?: CreateOptions;
  sandbox: Pick<SandboxRecord, 'type' | 'vcpus' | 'memoryKib' | 'layers' | 'inMemory'> & {
    disk?: Pick<Disk, 'bytes'>;
    network?: { network: string; maySpoof?: boolean };
  };
};

export interface CopyRequest {
  name: string;
  rm: boolean;
  /** The first 12 digits of the container's id by default. */
  hostname?: string;
  ports?: readonly PublishedPort[];
}

/**
 * Resolves with the record of a container that continues from a copy. Each property that must differ between containers is chosen anew.
 * Rejects as Networks.attach() does.
 */
export async function recordOfCopy(
  services: SandboxServices,
  source: CopySource,
  { name, rm, ports = [], ...wish }: CopyRequest,
): Promise<ContainerRecord> {
  const id = newContainerId();
  const { hostname = id.slice(0, 12) } = wish;
  const { image, imageId, command, process, inGuest, cpus, stopSignal, memoryBytes } = source;
  const { type, vcpus, memoryKib, layers, inMemory, disk, network: joined } = source.sandbox;
  const network = joined
    ? await services.networks.attach({
        network: joined.network,
        names: [name],
        ports,
        ...defined({ maySpoof: joined.maySpoof }),
      })
    : undefined;
  return {
    id,
    name,
    image,
    imageId,
    command,
    inGuest,
    cpus,
    rm,
    ...(process ? { process: { ...process, env: renamed(process.env, hostname) } } : {}),
    pidsLimit: pidsLimitOf(source),
    limits: limitsOf(source),
    ...defined({ stopSignal, memoryBytes }),
    flags: source.flags & ~ProcessFlag.STDIN,
    created: Date.now(),
    state: 'creating',
    sandbox: newSandboxRecord(
      // Layers in the guest's memory are part of the copy.
      {
        id: sandboxIdOf(id),
        name,
        hostname,
        layers: inMemory ? [] : layers,
        inMemory,
        ...defined({ network }),
        ...(disk ? { disk: services.disks.of(id, disk.bytes) } : {}),
      },
      { type, cpus: vcpus, memoryKib, growsBehind: false },
      services.macs,
    ),
  };
}

/** Sets HOSTNAME for later processes of thaw exec. The copied processes keep their environment. */
function renamed(env: string[], hostname: string): string[] {
  return env.map((item) => (item.startsWith('HOSTNAME=') ? `HOSTNAME=${hostname}` : item));
}
