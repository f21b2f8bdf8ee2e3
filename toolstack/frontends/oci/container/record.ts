// SPDX-License-Identifier: Apache-2.0
// The record of an engine's container, which state.json has.

import type { ContainerState } from '../../../api/container.js';
import type { ExitStatus } from '../../../api/wire.js';
import type { CarriedLink } from '../../../network/index.js';
import type { ProcessSpec } from '../config/config.js';
import type { Hooks } from '../config/hooks.js';
import type { Place } from '../../../runtime/pod/index.js';
import { FolderStore } from '../../../runtime/store/folder-store.js';
import type { SandboxRecord } from '../../../sandbox/record.js';
import { stateFrom, statusOf, type OciStatus } from './status.js';

export interface OciRecord {
  /** thaw's own name for it: of its folder, and in its guest. */
  key: string;
  /** The engine's, one within its root. */
  id: string;
  /** --root: whose container it is. */
  root: string;
  /** Absolute. */
  bundle: string;
  ociVersion: string;
  annotations: Record<string, string>;
  /** Its first process, which others are like unless they say so: config.json may be another by then. */
  process: ProcessSpec;
  limits: OciLimits;
  hooks: Pick<Hooks, 'poststart' | 'poststop'>;
  /** Written by lifecycle.ts alone. state.json has the specification's word for it. */
  readonly state: ContainerState;
  /** Of its stand-in; 0 before there is one. */
  pid: number;
  /** In milliseconds since 1970. */
  created: number;
  exit?: ExitStatus;
  /** Why it ended, where its process did not say so. */
  reason?: string;
  flags: number;
  /** The folder of its cgroup in dom0; '' for none. */
  cgroup: string;
  /** Its domain's; of one that is in another's domain that domain's figures, and its own files. */
  sandbox: SandboxRecord;
  /** The key of the container whose domain it is in, where that is another. */
  inDomainOf?: string;
  /** What it has there. */
  place?: Place;
  /** The folder of its root filesystem in dom0. */
  rootfs?: string;
  /** What its guest has of the namespace that its stand-in is in. */
  links?: CarriedLink[];
  /** The folder of dom0 that its engine gave it as /dev/shm: others of its domain that have the same share it. */
  shm?: string;
  /** What its guest calls it, where that is not its key: it was restored. */
  inGuest?: string;
  /** What its guest calls its first interface, where an engine gave it another name. */
  firstInterface?: string;
  /** The folder that it is being checkpointed into, its file there, whether it ends by that, and whether it stood still before. */
  saving?: { folder: string; stash: string; ends: boolean; wasPaused?: boolean };
  /** The number of its first process in its guest, once it is created. */
  guestPid?: number;
  /** Nobody knows it any more: what is left of it is to go. */
  isDeleted?: boolean;
  /** It is kept still by its cgroup, in a domain that goes on. */
  isStill?: boolean;
}

/** What of linux.resources was asked for; undefined for no limit. */
export interface OciLimits {
  memoryBytes?: number;
  /** quota / period. */
  cpus?: number;
  pids?: number;
}

/** The folder of its root filesystem in dom0; that of a record of thaw 0.1's first days is among its files. Pure. */
export function rootOf({ rootfs, sandbox }: Pick<OciRecord, 'rootfs' | 'sandbox'>): string {
  return rootfs ?? sandbox.files?.[0]?.path ?? '';
}

/** As its guest knows it. Pure. */
export function nameInGuest({ key, inGuest = key }: Pick<OciRecord, 'key' | 'inGuest'>): string {
  return inGuest;
}

export class OciStore extends FolderStore<OciRecord> {
  constructor(folder: string) {
    super(folder, {
      ...{ name: 'OCI container', file: 'state.json', unreadable: 'remove' },
      keyOf: ({ key }) => key,
      // The folder is gone with dom0, as is whatever ran.
      lasts: () => false,
      toJson: (record) => ({ ...record, state: statusOf(record.state) }),
      fromJson: (written) => {
        const record = written as Omit<OciRecord, 'state'> & { state: OciStatus };
        return { ...record, state: stateFrom(record.state, record.exit) };
      },
    });
  }
}
