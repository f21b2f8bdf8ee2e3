// SPDX-License-Identifier: Apache-2.0
// Defines a sandbox's record, kept inside its container's state. thawd uses it to find the sandbox again after it was killed.

import { randomBytes } from 'node:crypto';
import { defined } from '../base/defined.js';
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
  /** Chosen before the domain is made, so that thawd finds a domain whose creation was cut short. */
  uuid: string;
  type: GuestType;
  /** Number of vCPUs online. */
  vcpus: number;
  /** Number of vCPUs that the domain was made with: the most that it can have online. */
  maxVcpus?: number;
  memoryKib: number;
  /** The most memory that the domain has had, and has a paging pool for. Undefined where it equals memoryKib. */
  mostMemoryKib?: number;
  /** True when the container starts without waiting for its memory. */
  growsBehind?: boolean;
  mac: string;
  /** True when the user chose the MAC: a clone of the pool has its own MAC and cannot be used. */
  hasOwnMac?: boolean;
  /** Undefined for a guest with only its own loopback. */
  network?: Attachment;
  hostname: string;
  machineId: string;
  /** EROFS files, lowest layer first. */
  layers: string[];
  /** Shares: folders and files of dom0 that the guest sees. */
  files?: SharedFile[];
  /** Block devices of dom0 that are disks of the sandbox, behind its layers and writable layer. */
  devices?: { path: string; readOnly: boolean }[];
  /** True when the layers go into the guest's memory. Otherwise they are disks. */
  inMemory: boolean;
  /** The writable layer where it outlives the sandbox. Otherwise it is in the guest's memory. */
  disk?: Disk;
  /** The most KiB that a writable layer in memory may hold. Undefined for half of the memory. */
  upperKib?: number;
  /** Xenstore nodes of the deferred registration, written a little after the start. Deleted once they are written. */
  later?: readonly StoreEntry[];
  /** Data for introducing the domain to xenstore and connecting its vif after the start. Deleted once both are done. */
  introduction?: Introduction;
  /** Set once the domain is made. Xen recycles domids, so it counts only together with the uuid. */
  domid?: number;
}

/**
 * Returns a record with new values for all that must differ in each sandbox. `macs` holds the MACs of all sandboxes and gets the new one. Throws
 * ERR_USAGE when another sandbox has `wantedMac`.
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
    ...defined({ maxVcpus: limits.maxVcpus }),
    memoryKib: limits.memoryKib,
    growsBehind: limits.growsBehind,
    mac,
    machineId: randomBytes(16).toString('hex'),
  };
}
