// SPDX-License-Identifier: Apache-2.0
// Manages the volumes of a container: filled at its start, released at its end, and removed with it if they are anonymous.

import { describeError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Volumes } from '../../volume/index.js';
import type { GivenDevices } from './devices.js';
import { shareOf } from './mounts.js';
import type { ContainerRecord } from '../store/record.js';

interface Books {
  readonly containers: Iterable<{ record: ContainerRecord }>;
}

interface Services {
  volumes: Volumes;
  devices?: GivenDevices;
  log: Log;
}

/** Returns the names of the container's volumes. */
export function volumesOf({ options }: Pick<ContainerRecord, 'options'>): string[] {
  return (options?.mounts ?? [])
    .filter(({ type }) => type === 'volume')
    .map(({ source }) => source);
}

/** Returns the containers that have a volume, running or not. */
export function usersOf({ containers }: Books, name: string): ContainerRecord[] {
  return [...containers]
    .map(({ record }) => record)
    .filter((record) => volumesOf(record).includes(name));
}

/** Records that the guest has filled the volumes, before the process runs. Rejects when it cannot write that down. */
export async function noteFilled(
  { volumes }: Services,
  { sandbox, options }: ContainerRecord,
): Promise<void> {
  const { files = [] } = sandbox;
  const { mounts = [] } = options ?? {};
  for (const mount of mounts)
    if (shareOf(files, mounts, mount)?.fillFrom !== undefined) await volumes.filled(mount.source);
}

/** Releases the volumes and devices of a container whose sandbox is gone. Never rejects; logs failures. */
export async function releaseHost(
  { volumes, devices, log }: Services,
  { id }: Pick<ContainerRecord, 'id'>,
): Promise<void> {
  devices?.takeBack(id);
  await volumes
    .release(id)
    .catch((error: unknown) => log.error(`A volume stays mounted: ${describeError(error)}`));
}

/** Keeps anonymous volumes although their container is removed. Never rejects; logs failures. */
export async function keepVolumes(
  { volumes, log }: Services,
  record: Pick<ContainerRecord, 'options'>,
): Promise<void> {
  for (const name of new Set(volumesOf(record)))
    await volumes
      .keep(name)
      .catch((error: unknown) => log.error(`Volume ${name} may go: ${describeError(error)}`));
}

/** Removes volumes that a killed thawd made for a container without a record. Never rejects; logs failures. */
export async function sweepVolumes({ volumes, log }: Services, books: Books): Promise<void> {
  const ids = new Set([...books.containers].map(({ record }) => record.id as string));
  for (const { name, madeFor } of volumes.list()) {
    if (madeFor === undefined || ids.has(madeFor) || usersOf(books, name).length > 0) continue;
    log.info(`Removing volume ${name}, whose container is gone`);
    await volumes
      .remove(name)
      .catch((error: unknown) => log.error(`Volume ${name} stays: ${describeError(error)}`));
  }
}

/** Removes the anonymous volumes of a removed container, unless another container has them. Never rejects; logs failures. */
export async function dropVolumes(
  { volumes, log }: Services,
  books: Books,
  record: Pick<ContainerRecord, 'options' | 'id'>,
): Promise<void> {
  for (const name of new Set(volumesOf(record))) {
    const isOthers = usersOf(books, name).some(({ id }) => id !== record.id);
    if (isOthers || !volumes.has(name) || !volumes.find(name).isAnonymous) continue;
    await volumes
      .remove(name)
      .catch((error: unknown) => log.error(`Volume ${name} stays: ${describeError(error)}`));
  }
}
