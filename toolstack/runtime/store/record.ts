// SPDX-License-Identifier: Apache-2.0
// What thawd writes down of a container, and where: one folder each, with state.json, the log and the shim's status file.

import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ContainerState,
  CreateOptions,
  HealthState,
  ProcessLimits,
} from '../../api/engine.js';
import type { ExitStatus } from '../../api/wire.js';
import { errorCode } from '../../base/errors.js';
import type { ContainerId } from '../../base/ids.js';
import { removeTemporaries, writeAtomic } from '../../base/files.js';
import type { Log } from '../../base/log.js';
import { readAttachment } from '../../network/index.js';
import type { Place } from '../pod/index.js';
import { parseStatus } from '../../sandbox/shim/exit-file.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { DEFAULT_PIDS, type ProcessObject } from '../create/spec.js';
import { isAtRest } from '../lifecycle/lifecycle.js';

export interface ContainerRecord {
  id: ContainerId;
  name: string;
  image: string;
  imageId: string;
  command: string[];
  /** What config.json says of its first process: what `thaw exec` adds to. */
  process?: ProcessObject;
  /** What it was made with, so that it can start anew. A copy of a container that ran has none. */
  options?: CreateOptions;
  /** Of one that goes on from another's memory, what `thaw exec` may do in it: no more than the processes that were copied. */
  limits?: ProcessLimits;
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  finished?: number;
  /** Written by lifecycle.ts alone. */
  readonly state: ContainerState;
  exit?: ExitStatus;
  reason?: string;
  /** Removed as soon as it has ended. */
  rm: boolean;
  /** Removed by somebody who wants to keep its volumes. */
  keepsVolumes?: boolean;
  /** It is --rm, and somebody stops it to start it again: this end is not the one that it goes with. */
  isRestarting?: boolean;
  /** It was made together with others: all of them come to run, or none. */
  batch?: { id: string; count: number };
  /** How often its restart policy has started it. */
  restarts?: number;
  /** What its health check has said since its start. */
  health?: HealthState;
  /** What asks its process to end. */
  stopSignal?: number;
  /** How many processes it may have, where no options say it. */
  pidsLimit?: number;
  /** With a domain to itself: how much memory it may have, where that is less than the domain's. */
  memoryBytes?: number | undefined;
  /** Its limits are being changed: they may not be what this says. */
  isUpdating?: boolean;
  /** In a pod: it is paused by itself, whatever its domain does. */
  isStill?: boolean;
  /** Somebody wanted its end, so no policy starts it again. */
  isStopped?: boolean;
  flags: number;
  /** What the agent calls it. */
  inGuest: string;
  cpus: number;
  /** The pod that it is in. `sandbox` then says what is its own there, beside its pod's domain. */
  pod?: { id: string; name: string };
  /** What it has there while it runs. */
  place?: Place;
  sandbox: SandboxRecord;
}

/** As options have it: 0 or less is no limit. Pure. */
export function pidsLimitOf({
  options,
  pidsLimit,
}: Pick<ContainerRecord, 'options' | 'pidsLimit'>): number {
  return options?.pidsLimit ?? pidsLimit ?? DEFAULT_PIDS;
}

/** What it may have of memory, in bytes. Pure. */
export function memoryOf({
  memoryBytes,
  sandbox,
}: Pick<ContainerRecord, 'memoryBytes'> & {
  sandbox: Pick<SandboxRecord, 'memoryKib'>;
}): number {
  return memoryBytes ?? sandbox.memoryKib * 1024;
}

/** What each process in a container may do. Pure. */
export function limitsOf({
  options,
  limits,
}: Pick<ContainerRecord, 'options' | 'limits'>): ProcessLimits {
  const { capAdd, capDrop, noNewPrivileges, ulimits } = limits ?? options ?? {};
  return {
    ...(capAdd ? { capAdd } : {}),
    ...(capDrop ? { capDrop } : {}),
    ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
    ...(ulimits ? { ulimits } : {}),
  };
}

const STATE = 'state.json';
/** Begins the name of a folder that is nobody's. */
const ASIDE = 'unreadable-';

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

export class RecordStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  logPath(id: ContainerId): string {
    return join(this.#folder, id, 'ctr.log');
  }

  statusPath(id: ContainerId): string {
    return join(this.#folder, id, 'exit');
  }

  /** Where a container's files go. */
  async makeFolder(id: ContainerId): Promise<void> {
    await mkdir(join(this.#folder, id), { recursive: true, mode: 0o700 });
  }

  /** Writes state.json whole or not at all. What runs comes back as lost after dom0's own end, whatever was written last of it. */
  async save(record: ContainerRecord): Promise<void> {
    const path = join(this.#folder, record.id, STATE);
    const text = `${JSON.stringify(record, null, 2)}\n`;
    const lasts = isAtRest(record);
    try {
      await writeAtomic(path, text, { lasts });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await this.makeFolder(record.id);
      await writeAtomic(path, text, { lasts });
    }
  }

  /** state.json goes last: until then the next thawd knows what became of the container, and what else of it there may be. */
  async remove(id: ContainerId): Promise<void> {
    const folder = join(this.#folder, id);
    for (const name of await namesIn(folder))
      if (name !== STATE) await rm(join(folder, name), { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }

  /**
   * All records, and nothing else is left of what a killed thawd was writing. A folder whose state cannot be read is put aside, for what a
   * container wrote may be in it.
   */
  async loadAll(log: Log): Promise<ContainerRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: ContainerRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(ASIDE)) continue;
      const folder = join(this.#folder, name);
      try {
        const text = await readFile(join(folder, STATE), 'utf8');
        const record = JSON.parse(text) as ContainerRecord;
        const { network } = record.sandbox;
        if (network) record.sandbox.network = readAttachment(network);
        records.push(record);
        await removeTemporaries(folder);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') {
          log.info(`Removing container folder ${name}, which a killed thawd made or removed`);
          await rm(folder, { recursive: true, force: true });
          continue;
        }
        const aside = join(this.#folder, ASIDE + name);
        log.error(`Cannot read the state of container ${name}; its files are in ${aside}`, {
          error,
        });
        await rename(folder, aside);
      }
    }
    return records;
  }

  /** What the shim wrote when the process ended or the guest was lost; undefined when it did not. */
  async readStatus(
    id: ContainerId,
  ): Promise<{ exit: ExitStatus } | { reason: string } | undefined> {
    const text = await readFile(this.statusPath(id), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseStatus(text);
  }
}
