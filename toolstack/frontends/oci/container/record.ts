// SPDX-License-Identifier: Apache-2.0
// Defines the record of an OCI container, which state.json stores.

import type { ContainerState } from '../../../api/container.js';
import type { ExitStatus } from '../../../api/wire.js';
import type { CarriedLink } from '../../../network/index.js';
import type { ProcessSpec } from '../config/config.js';
import type { Hooks } from '../config/hooks.js';
import type { MemberSlot } from '../../../runtime/shared-domain/index.js';
import type { DiskPause } from '../../../runtime/store/disk-pause.js';
import { FolderStore } from '../../../runtime/store/folder-store.js';
import type { SandboxRecord } from '../../../sandbox/record.js';
import { stateFrom, statusOf, type OciStatus } from './status.js';

export interface OciRecord {
  /** thaw's own name for the container: the name of its folder, and its name in the guest. */
  key: string;
  /** The container engine's name for the container, unique within its root. */
  id: string;
  /** The folder of --root, which identifies the container engine. */
  root: string;
  /** An absolute path. */
  bundle: string;
  ociVersion: string;
  annotations: Record<string, string>;
  /** The first process, from which exec takes its defaults: config.json may have changed since. */
  process: ProcessSpec;
  limits: OciLimits;
  hooks: Pick<Hooks, 'poststart' | 'poststop'>;
  /** Only lifecycle.ts writes the state. state.json has the specification's word for it. */
  readonly state: ContainerState;
  /** The pid of the container's stand-in; 0 before there is one. */
  pid: number;
  /** Milliseconds since 1970. */
  created: number;
  exit?: ExitStatus;
  /** The reason for an end that no exit status explains. */
  reason?: string;
  flags: number;
  /** The folder of the container's cgroup in dom0; '' for none. */
  cgroup: string;
  /** The sandbox of the container's domain. A container in another's domain has that domain's numbers, and its own shares. */
  sandbox: SandboxRecord;
  /** The key of the container whose domain this one is in, where that is another container. */
  inDomainOf?: string;
  /** The slot, the disks and the 9pfs device of the container in that domain. */
  place?: MemberSlot;
  /** The folder of the root filesystem in dom0. */
  rootfs?: string;
  /** Interfaces that the guest has of the stand-in's network namespace. */
  links?: CarriedLink[];
  /** The guest may send from MACs and addresses that its interfaces do not have. */
  maySpoof?: boolean;
  /** The folder of dom0 that the container engine bound as /dev/shm. Containers of one domain with the same folder share it. */
  shm?: string;
  /** The guest's name for a restored container, where it differs from the key. */
  inGuest?: string;
  /** The guest's name for the first interface, where a container engine renamed that. */
  firstInterface?: string;
  /** A checkpoint under way: its folder, its fid snapshot's file there, whether the container ends by it, and whether it was paused before. */
  saving?: { folder: string; stash: string; ends: boolean; wasPaused?: boolean };
  /** The pid of the first process in the guest, once the container is created. */
  guestPid?: number;
  /** True where the container engine has deleted the container: thawd releases the rest of it. */
  isDeleted?: boolean;
  /** Set while thaw itself keeps the domain paused: a disk is nearly full. */
  diskPause?: DiskPause | undefined;
  /** True while the container's cgroup is frozen, in a domain that runs. */
  isStill?: boolean;
}

/** The requested limits of linux.resources; undefined for no limit. */
export interface OciLimits {
  memoryBytes?: number;
  /** quota / period. */
  cpus?: number;
  pids?: number;
}

/** Returns the folder of the root filesystem in dom0. Records of early versions of thaw 0.1 have it as their first share. Pure. */
export function rootOf({ rootfs, sandbox }: Pick<OciRecord, 'rootfs' | 'sandbox'>): string {
  return rootfs ?? sandbox.files?.[0]?.path ?? '';
}

/** Returns the container's name in the guest. Pure. */
export function nameInGuest({ key, inGuest = key }: Pick<OciRecord, 'key' | 'inGuest'>): string {
  return inGuest;
}

export class OciStore extends FolderStore<OciRecord> {
  constructor(folder: string) {
    super(folder, {
      name: 'OCI container',
      file: 'state.json',
      unreadable: 'remove',
      keyOf: ({ key }) => key,
      // state.json needs no sync to disk: its folder ends with dom0, as do the containers.
      lasts: () => 'none',
      toJson: (record) => ({ ...record, state: statusOf(record.state) }),
      fromJson: (written) => {
        const record = written as Omit<OciRecord, 'state'> & { state: OciStatus };
        return { ...record, state: stateFrom(record.state, record.exit) };
      },
    });
  }
}
