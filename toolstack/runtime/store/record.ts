// SPDX-License-Identifier: Apache-2.0
// Defines the record of an administrator's container, and stores it in state.json.

import type {
  ContainerState,
  CreateOptions,
  HealthState,
  ProcessLimits,
} from '../../api/engine.js';
import type { ExitStatus } from '../../api/wire.js';
import { defined } from '../../base/defined.js';
import type { ContainerId } from '../../base/ids.js';
import { readAttachment } from '../../network/index.js';
import type { MemberSlot } from '../shared-domain/index.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { DEFAULT_PIDS, type ProcessObject } from '../create/guest-config.js';
import { isAtRest, isUp } from '../lifecycle/lifecycle.js';
import type { DiskPause } from './disk-pause.js';
import { FolderStore } from './folder-store.js';

export interface ContainerRecord {
  id: ContainerId;
  name: string;
  image: string;
  imageId: string;
  command: string[];
  /** Uid of the user who made the container; undefined for root. */
  owner?: number;
  /** The first process in config.json. `thaw exec` builds on it. */
  process?: ProcessObject;
  /** The options for each new start. A copy of a container that ran has none. */
  options?: CreateOptions;
  /** The limits of `thaw exec` in a copy of a container that ran: the same as those of the copied processes. */
  limits?: ProcessLimits;
  /** This and the other times are in milliseconds since 1970. */
  created: number;
  started?: number;
  finished?: number;
  /** Only lifecycle.ts writes the state. */
  readonly state: ContainerState;
  exit?: ExitStatus;
  reason?: string;
  /** True for a container that is removed as soon as it has ended. */
  rm: boolean;
  /** True when the removal keeps the container's volumes. */
  keepsVolumes?: boolean;
  /** True while a --rm container restarts: the end of the present run does not remove it. */
  isRestarting?: boolean;
  /** The batch of containers that were made together: all of them start, or none. */
  batch?: { id: string; count: number };
  /** The number of starts by the restart policy. */
  restarts?: number;
  /** The results of the health check since the start. */
  health?: HealthState;
  /** The signal that asks the process to end. */
  stopSignal?: number;
  /** The most processes, where no options set a limit. */
  pidsLimit?: number;
  /** The memory limit of a container in its own domain, where it is below the domain's memory. */
  memoryBytes?: number | undefined;
  /** True during a change of the limits, which may then differ from this record. */
  isUpdating?: boolean;
  /** In a pod: true while the container alone is paused, independent of its domain. */
  isStill?: boolean;
  /** Set while thaw itself keeps the container paused, or is about to pause it: a disk is nearly full. */
  diskPause?: DiskPause | undefined;
  /** True after a requested stop: no restart policy starts the container again. */
  isStopped?: boolean;
  flags: number;
  /** The agent's name for the container. */
  inGuest: string;
  cpus: number;
  /** The container's pod. `sandbox` then describes only the container's own parts beside its pod's domain. */
  pod?: { id: string; name: string };
  /** The container's slot, disks and shares in its pod's domain while it runs. */
  place?: MemberSlot;
  sandbox: SandboxRecord;
}

/** Returns the most processes, as in the options: 0 or less means no limit. Pure. */
export function pidsLimitOf({
  options,
  pidsLimit,
}: Pick<ContainerRecord, 'options' | 'pidsLimit'>): number {
  return options?.pidsLimit ?? pidsLimit ?? DEFAULT_PIDS;
}

/** Returns the container's memory limit in bytes. Pure. */
export function memoryOf({
  memoryBytes,
  sandbox,
}: Pick<ContainerRecord, 'memoryBytes'> & {
  sandbox: Pick<SandboxRecord, 'memoryKib'>;
}): number {
  return memoryBytes ?? sandbox.memoryKib * 1024;
}

/** Returns the capabilities and limits of each process in a container. Pure. */
export function limitsOf({
  options,
  limits,
}: Pick<ContainerRecord, 'options' | 'limits'>): ProcessLimits {
  const { capAdd, capDrop, noNewPrivileges, ulimits } = limits ?? options ?? {};
  return {
    ...defined({ capAdd, capDrop, noNewPrivileges, ulimits }),
  };
}

export class RecordStore extends FolderStore<ContainerRecord> {
  constructor(folder: string) {
    super(folder, {
      name: 'container',
      file: 'state.json',
      unreadable: 'aside',
      keyOf: ({ id }) => id,
      lasts: (record) => {
        if (record.rm) return 'none';
        return isAtRest(record) || isUp(record) ? 'this' : 'last';
      },
      files: ({ sandbox: { disk } }) => (disk ? [disk.path] : []),
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
