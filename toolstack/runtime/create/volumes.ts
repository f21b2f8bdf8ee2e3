// SPDX-License-Identifier: Apache-2.0
// The volumes of a container: filled when it starts, released when it ends, removed with it where they are anonymous.

import { describeError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Volumes } from '../../volume/index.js';
import type { GivenDevices } from './devices.js';
import type { ContainerRecord } from '../store/record.js';

interface Books {
  readonly containers: Iterable<{ record: ContainerRecord }>;
}

interface Services {
  volumes: Volumes;
  devices?: GivenDevices;
  log: Log;
}

/** Their names. */
export function volumesOf({ options }: Pick<ContainerRecord, 'options'>): string[] {
  return (options?.mounts ?? [])
    .filter(({ type }) => type === 'volume')
    .map(({ source }) => source);
}

/** Those that have a volume, whether they run or not. */
export function usersOf({ containers }: Books, name: string): ContainerRecord[] {
  return [...containers]
    .map(({ record }) => record)
    .filter((record) => volumesOf(record).includes(name));
}

/** What its guest was to fill is filled; before its process runs. Rejects where that cannot be written down. */
export async function noteFilled(
  { volumes }: Services,
  { sandbox, options }: ContainerRecord,
): Promise<void> {
  for (const [index, { fillFrom }] of (sandbox.files ?? []).entries()) {
    const name = options?.mounts?.[index]?.source;
    if (fillFrom !== undefined && name !== undefined) await volumes.filled(name);
  }
}

/** It uses volumes and devices no more, once its sandbox is gone. Never rejects; what fails is logged. */
export async function letGoOfHost(
  { volumes, devices, log }: Services,
  { id }: Pick<ContainerRecord, 'id'>,
): Promise<void> {
  devices?.takeBack(id);
  await volumes
    .release(id)
    .catch((error: unknown) => log.error(`A volume stays mounted: ${describeError(error)}`));
}

/** Those that nobody named stay, though the container goes. Never rejects; what fails is logged. */
export async function keepVolumes(
  { volumes, log }: Services,
  record: Pick<ContainerRecord, 'options'>,
): Promise<void> {
  for (const name of new Set(volumesOf(record)))
    await volumes
      .keep(name)
      .catch((error: unknown) => log.error(`Volume ${name} may go: ${describeError(error)}`));
}

/** Removes those that were made for a container of which a killed thawd left nothing. Never rejects; what fails is logged. */
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

/** Those that nobody named go with a container that goes. Never rejects; what fails is logged. */
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
