// SPDX-License-Identifier: Apache-2.0
// What must be known of a sandbox to find it again after thawd was killed. Kept inside its container's state.

import { randomBytes } from 'node:crypto';
import type { StoreEntry } from '../../xenstore/index.js';
import { ThawError } from '../base/errors.js';
import type { SandboxId } from '../base/ids.js';
import type { Introduction } from '../clone/engine/registration.js';
import type { Attachment } from '../network/index.js';
import type { GuestType } from '../xen/host.js';
import { newDomainUuid } from '../xen/uuid.js';
import { newMac } from '../xen/vif.js';
import type { SharedFile } from './shares/shares.js';
import type { Disk } from './devices/disks.js';
import type { Limits } from './size/size.js';

export interface SandboxRecord {
  id: SandboxId;
  /** The domain's name. */
  name: string;
  /** Chosen before the domain is made, so that a domain whose making was cut short is found. */
  uuid: string;
  type: GuestType;
  /** Online. */
  vcpus: number;
  /** What its domain was made with, and can have online at most. */
  maxVcpus?: number;
  memoryKib: number;
  /** The most that its domain has had, for which it has a paging pool; undefined where that is what it has. */
  mostMemoryKib?: number;
  /** The container does not wait for its memory. */
  growsBehind?: boolean;
  mac: string;
  /** The MAC was asked for, so no clone that waits with its own will do. */
  hasOwnMac?: boolean;
  /** Without it there is no network but the guest's own loopback. */
  network?: Attachment;
  hostname: string;
  machineId: string;
  /** EROFS files, lowest layer first. */
  layers: string[];
  /** Folders and files of dom0 that it sees. */
  files?: SharedFile[];
  /** Block devices of dom0 that are disks of its, behind those of its own. */
  devices?: { path: string; readOnly: boolean }[];
  /** Whether the layers went into the guest's memory; else they are its disks. */
  inMemory: boolean;
  /** Its writable layer, where that outlives it; else it is in the guest's memory. */
  disk?: Disk;
  /** The most that a writable layer in memory may hold; undefined for half of the memory. */
  upperKib?: number;
  /** What xenstore is to have of it a little after its start, until it has. */
  later?: readonly StoreEntry[];
  /** What makes it known to xenstore and connects its vif after its start, until that is done. */
  introduction?: Introduction;
  /** Known once the domain is made; Xen recycles it, so it counts only together with the uuid. */
  domid?: number;
}

/**
 * A record with everything chosen that must differ in each sandbox. `macs` are those of the sandboxes there are, and get the new one.
 * Throws ERR_USAGE when another has `wantedMac`.
 */
export function newSandboxRecord(
  given: Pick<
    SandboxRecord,
    'id' | 'name' | 'hostname' | 'layers' | 'inMemory' | 'disk' | 'upperKib' | 'network'
  >,
  limits: Limits,
  macs: Set<string>,
  wantedMac?: string,
): SandboxRecord {
  if (wantedMac !== undefined && macs.has(wantedMac))
    throw new ThawError('ERR_USAGE', `Cannot use --mac-address ${wantedMac}: a container has it`);
  const mac = wantedMac ?? newMac(macs);
  macs.add(mac);
  return {
    ...given,
    ...(wantedMac === undefined ? {} : { hasOwnMac: true }),
    uuid: newDomainUuid(),
    type: limits.type,
    vcpus: Math.ceil(limits.cpus),
    ...(limits.maxVcpus === undefined ? {} : { maxVcpus: limits.maxVcpus }),
    memoryKib: limits.memoryKib,
    growsBehind: limits.growsBehind,
    mac,
    machineId: randomBytes(16).toString('hex'),
  };
}
