// SPDX-License-Identifier: Apache-2.0
// Opens a container's files in its own guest while it runs, otherwise in a file guest: a guest that is started for the files alone, with the
// container's layers and disk, and runs no process of the container.

import { randomBytes } from 'node:crypto';
import type { ExitStatus } from '../../api/wire.js';
import { defined } from '../../base/defined.js';
import { newContainerId, sandboxIdOf } from '../../base/ids.js';
import { createSandbox } from '../../sandbox/create/create.js';
import { goIntoMemory } from '../../sandbox/boot/layers.js';
import { newSandboxRecord } from '../../sandbox/record.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError } from '../errors.js';
import { Execs } from '../../sandbox/shim/execs.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { isUp } from '../lifecycle/lifecycle.js';
import { ownImage } from '../store/image-of.js';

/** A guest that has a container's files. */
export interface FileGuest {
  container: Container;
  sandbox: ContainerSandbox;
  /** The processes in the guest beside the first. */
  execs: Execs;
  /** The agent's name for the container that runs there; '' in a file guest. */
  inGuest: string;
}

/** Enough for the agent and a tar archive in transit. */
const OPENED_KIB = 64 * 1024;

/**
 * Runs `work` on a container's files. A container that does not run cannot be started or removed meanwhile. `verb` is for messages.
 * Rejects with ERR_CONTAINER_STATE when the files no longer exist, and as createSandbox() does.
 */
export async function withFileGuest<T>(
  services: ContainerServices,
  manager: ContainerManager,
  { key, verb, signal }: { key: string; verb: string; signal: AbortSignal },
  work: (fileGuest: FileGuest) => Promise<T>,
): Promise<T> {
  const asked = await manager.settled(key);
  await asked.exclusiveDone();
  return manager.whenSettled(asked.record.id, (container) =>
    open(services, container, { verb, signal }, work),
  );
}

function open<T>(
  services: ContainerServices,
  container: Container,
  { verb, signal }: { verb: string; signal: AbortSignal },
  work: (fileGuest: FileGuest) => Promise<T>,
): Promise<T> {
  const { record, sandbox } = container;
  if (record.state === 'running' && sandbox)
    return work({ container, sandbox, execs: container.execs, inGuest: record.inGuest });
  if (isUp(record)) throw cannot(verb, record, `it is ${record.state}; unpause it first`);
  if (['creating', 'starting', 'removing'].includes(record.state) || !hasFiles(container))
    throw cannot(verb, record, `it is ${record.state}, and its files ended with it`);
  const done = onItsOwn(services, container, signal, work);
  const settled = done.then(
    () => (container.fileGuest = undefined),
    () => (container.fileGuest = undefined),
  );
  container.fileGuest = settled;
  return done;
}

/** True when a container that does not run has files to open. */
function hasFiles({ record }: Container): boolean {
  const { options } = record;
  return record.sandbox.disk !== undefined && options !== undefined && options.frozen === undefined;
}

function cannot(verb: string, { name }: Container['record'], why: string): ContainerError {
  return new ContainerError('ERR_CONTAINER_STATE', `Cannot ${verb} container "${name}": ${why}`);
}

async function onItsOwn<T>(
  services: ContainerServices,
  container: Container,
  signal: AbortSignal,
  work: (fileGuest: FileGuest) => Promise<T>,
): Promise<T> {
  const { record } = container;
  const { disk, type } = record.sandbox;
  const image = await ownImage(services.images, record.imageId);
  const layers = image.layers.map((layer) => layer.erofsPath);
  const sizes = image.layers.map((layer) => layer.bytes);
  const inMemory = goIntoMemory(sizes, OPENED_KIB);
  const own = newSandboxRecord(
    {
      id: sandboxIdOf(newContainerId()),
      hostname: 'files',
      layers,
      inMemory,
      name: `thaw-files-${randomBytes(4).toString('hex')}`,
      ...defined({ disk }),
    },
    { type, cpus: 1, memoryKib: OPENED_KIB, growsBehind: false },
    services.sandbox.macs,
  );
  const execs = new Execs();
  const lost = new AbortController();
  const gone = (reason: string): void => {
    execs.endAll();
    lost.abort(new ContainerError('ERR_CONTAINER_STATE', `The guest is lost: ${reason}`));
  };
  const events = {
    onExit: (process: number, exit: ExitStatus) => execs.end(process, exit),
    onLost: gone,
    onGone: () => gone('its shim was killed'),
  };
  const sandbox = await services.pool.during(() =>
    createSandbox(services.sandbox, services.pool, own, { events, signal }),
  );
  try {
    return await work({ container, sandbox, execs, inGuest: '' });
  } finally {
    await sandbox.destroy({ putsAway: !lost.signal.aborted });
  }
}
