// SPDX-License-Identifier: Apache-2.0
// What a bundle comes to before anything is made: whose domain its container is in, how large that is, what its guest is told, its record.

import { ProcessFlag } from '../api/wire.js';
import { newContainerId, sandboxIdOf, type ContainerId } from '../base/ids.js';
import { checkLimits } from '../sandbox/limits.js';
import { newSandboxRecord, type SandboxRecord } from '../sandbox/record.js';
import type { SandboxServices } from '../sandbox/services.js';
import { readConfig, type BundleConfig } from './config.js';
import type { OciContainer } from './container.js';
import { domainLimits } from './domain-size.js';
import { configError, OciError } from './errors.js';
import { planGuest, type GuestPlan } from './guest-config.js';
import { limitsOf } from './limits.js';
import { findJoining, type Joining } from './pod.js';
import type { OciLimits, OciRecord } from './record.js';

export interface CreateRequest {
  id: string;
  /** Absolute, as the bundle. */
  root: string;
  bundle: string;
  /** Absolute, as the console socket; '' for none. */
  pidFile: string;
  consoleSocket: string;
  /** The caller stays until its end, and lends it its own terminal. */
  isAttended?: boolean;
}

export interface OciPlan {
  config: BundleConfig;
  guest: GuestPlan;
  /** Whose domain it comes into, where that is not its own. */
  joining: Joining | undefined;
  record: OciRecord;
}

/** What the bundle comes to, before anything is made. Rejects with ERR_OCI_CONFIG, ERR_OCI_CONSOLE and as findJoining() does. */
export async function planCreate(
  sandbox: SandboxServices,
  { id, root, bundle, consoleSocket, isAttended = false }: CreateRequest,
  containers: readonly OciContainer[],
): Promise<OciPlan> {
  const config = await readConfig(bundle);
  const { terminal } = config.process;
  if (terminal !== (consoleSocket !== '') && !(isAttended && terminal))
    throw new OciError(
      'ERR_OCI_CONSOLE',
      terminal
        ? 'process.terminal is true: --console-socket is wanted for its terminal'
        : '--console-socket is given, but process.terminal is not true',
    );
  const joining = await findJoining(config, root, containers);
  const wanted = joining ? limitsOf(config.resources) : domainLimits(config);
  const guest = await planGuest(config, bundle);
  const own = newContainerId();
  const sandboxRecord = joining
    ? recordWithin(joining, own, wanted)
    : await newDomain(sandbox, { id, own, wanted, hostname: config.hostname });
  sandboxRecord.files = guest.files;
  const { devices } = guest;
  if (joining && devices[0])
    throw configError(
      'linux.devices',
      `${devices[0].destination}: disks of the host come into a domain as it starts, and it is to be in that of container "${joining.owner.record.id}"`,
    );
  if (devices.length > 0)
    sandboxRecord.devices = devices.map(({ source, access }) => ({
      path: source,
      readOnly: !access.includes('w'),
    }));
  return {
    ...{ config, guest, joining },
    record: {
      key: sandboxRecord.id,
      ...{ id, root, bundle, ociVersion: config.ociVersion, annotations: config.annotations },
      ...{
        process: config.process,
        limits: wanted,
        hooks: { poststart: config.hooks.poststart, poststop: config.hooks.poststop },
      },
      ...{ state: 'creating', pid: 0, created: Date.now(), cgroup: '', sandbox: sandboxRecord },
      flags: ProcessFlag.STDIN | (terminal ? ProcessFlag.TTY : 0),
      ...(joining ? { inDomainOf: joining.owner.record.key } : {}),
    },
  };
}

async function newDomain(
  services: SandboxServices,
  {
    id,
    own,
    wanted,
    hostname,
  }: { id: string; own: ContainerId; wanted: OciLimits; hostname: string },
): Promise<SandboxRecord> {
  const limits = await checkLimits(wanted, services).catch((error: unknown) => {
    throw configError('linux.resources', error instanceof Error ? error.message : String(error));
  });
  const given = {
    ...{ id: sandboxIdOf(own), name: `oci-${id.slice(0, 40)}-${own.slice(0, 6)}` },
    ...{ hostname: hostname === '' ? own.slice(0, 12) : hostname, layers: [], inMemory: true },
  };
  return newSandboxRecord(given, limits, services.macs);
}

/** Of one in another's domain. Throws ERR_OCI_CONFIG for more CPUs than that has. */
function recordWithin(
  { owner }: Joining,
  own: ContainerId,
  { cpus = 0 }: OciLimits,
): SandboxRecord {
  const { uuid, name, type, vcpus, memoryKib, hostname, machineId } = owner.record.sandbox;
  if (cpus > vcpus)
    throw configError(
      'linux.resources.cpu',
      `${cpus} CPUs: the domain of container "${owner.record.id}", in which it is to be, has ${vcpus}`,
    );
  return {
    ...{ id: sandboxIdOf(own), name, uuid, type, vcpus, memoryKib, hostname, machineId },
    ...{ mac: '', layers: [], inMemory: true },
  };
}
