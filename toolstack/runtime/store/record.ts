// SPDX-License-Identifier: Apache-2.0
// The record of an administrator's container, which state.json has.

import type {
  ContainerState,
  CreateOptions,
  HealthState,
  ProcessLimits,
} from '../../api/engine.js';
import type { ExitStatus } from '../../api/wire.js';
import type { ContainerId } from '../../base/ids.js';
import { readAttachment } from '../../network/index.js';
import type { Place } from '../pod/index.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { DEFAULT_PIDS, type ProcessObject } from '../create/spec.js';
import { isAtRest } from '../lifecycle/lifecycle.js';
import { FolderStore } from './folder-store.js';

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

export class RecordStore extends FolderStore<ContainerRecord> {
  constructor(folder: string) {
    super(folder, {
      ...{ name: 'container', file: 'state.json', unreadable: 'aside' },
      keyOf: ({ id }) => id,
      // What runs is lost with dom0, whatever was written last of it.
      lasts: isAtRest,
      toJson: (record) => record,
      fromJson: (written) => {
        const record = written as ContainerRecord;
        const { network } = record.sandbox;
        if (network) record.sandbox.network = readAttachment(network);
        return record;
      },
    });
  }
}
