// SPDX-License-Identifier: Apache-2.0
// Plans a container of a bundle before thawd makes anything: its domain and size, its config.json in the guest, its record.

import { ProcessFlag } from '../../../api/wire.js';
import { defined } from '../../../base/defined.js';
import {
  newContainerId,
  sandboxIdOf,
  type ContainerId,
  type SandboxId,
} from '../../../base/ids.js';
import { goIntoMemory } from '../../../sandbox/boot/layers.js';
import { checkLimits } from '../../../sandbox/size/size.js';
import { newSandboxRecord, type SandboxRecord } from '../../../sandbox/record.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import { readConfig, type BundleConfig } from './config.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';
import { domainLimits } from '../pod/domain-size.js';
import { configError, OciError } from '../errors.js';
import { planGuest, type GuestPlan } from './guest-config.js';
import { limitsOf } from './limits.js';
import { findJoining, type Joining } from '../pod/pod.js';
import type { OciLimits, OciRecord } from '../container/record.js';
import { layersOfRoot, type RootLayers } from './rootfs.js';

export interface CreateRequest {
  id: string;
  /** An absolute path, as is `bundle`. */
  root: string;
  bundle: string;
  /** An absolute path, as is `consoleSocket`; '' for none. */
  pidFile: string;
  consoleSocket: string;
  /** True where the administrator lets the guest send from any MAC and address. */
  maySpoof?: boolean;
  /** True where the caller stays until the container's end and lends it its own terminal. */
  isAttended?: boolean;
}

export type PlanServices = Pick<OciServices, 'sandbox' | 'layers'>;

export interface OciPlan {
  config: BundleConfig;
  guest: GuestPlan;
  /** The domain that the container enters; undefined where it gets its own domain. */
  joining: Joining | undefined;
  record: OciRecord;
}

/** Rejects with ERR_OCI_CONFIG, ERR_OCI_CONSOLE and as findJoining() does. */
export async function planCreate(
  services: PlanServices,
  { id, root, bundle, consoleSocket, maySpoof, isAttended = false }: CreateRequest,
  containers: () => readonly OciContainer[],
  signal: AbortSignal,
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
  const guest = await planGuest(config, bundle);
  const own = newContainerId();
  const key = sandboxIdOf(own);
  try {
    const layers =
      guest.rootfs === '9pfs'
        ? NO_LAYERS
        : await layersOfRoot(services.layers, key, guest.root, signal);
    // Making the layers may take a while: meanwhile other containers change, and the container engine may give up.
    signal.throwIfAborted();
    const joining = await findJoining(config, root, containers());
    if (joining) refuseWithin(joining, guest);
    const wanted = joining ? limitsOf(config.resources) : domainLimits(config);
    const sandboxRecord = joining
      ? recordWithin(joining, key, wanted, layers)
      : await newDomain(services.sandbox, { id, own, wanted, layers, hostname: config.hostname });
    sandboxRecord.files = guest.files;
    if (guest.devices.length > 0)
      sandboxRecord.devices = guest.devices.map(({ source, access }) => ({
        path: source,
        readOnly: !access.includes('w'),
      }));
    return {
      config,
      guest,
      joining,
      record: {
        key,
        id,
        root,
        bundle,
        ociVersion: config.ociVersion,
        annotations: config.annotations,
        process: config.process,
        limits: wanted,
        hooks: { poststart: config.hooks.poststart, poststop: config.hooks.poststop },
        state: 'creating',
        pid: 0,
        created: Date.now(),
        cgroup: '',
        sandbox: sandboxRecord,
        rootfs: guest.root,
        ...defined({ shm: guest.shm, maySpoof }),
        flags: ProcessFlag.STDIN | (terminal ? ProcessFlag.TTY : 0),
        ...(joining ? { inDomainOf: joining.owner.record.key } : {}),
      },
    };
  } catch (error) {
    await services.layers.release(key);
    throw error;
  }
}

/** Throws ERR_OCI_CONFIG for settings that a domain can have only from its start on. */
function refuseWithin({ owner }: Joining, { devices }: GuestPlan): void {
  if (devices[0])
    throw configError(
      'linux.devices',
      `${devices[0].destination}: disks of the host come into a domain as it starts, and it is to be in that of container "${owner.record.id}"`,
    );
}

interface DomainRequest {
  id: string;
  own: ContainerId;
  wanted: OciLimits;
  layers: RootLayers;
  hostname: string;
}

async function newDomain(
  services: SandboxServices,
  { id, own, wanted, layers, hostname }: DomainRequest,
): Promise<SandboxRecord> {
  const limits = await checkLimits(wanted, services).catch((error: unknown) => {
    throw configError('linux.resources', error instanceof Error ? error.message : String(error));
  });
  const given = {
    id: sandboxIdOf(own),
    name: `oci-${id.slice(0, 40)}-${own.slice(0, 6)}`,
    hostname: hostname === '' ? own.slice(0, 12) : hostname,
    layers: layers.paths,
    inMemory: goIntoMemory(layers.bytes, limits.memoryKib),
  };
  return newSandboxRecord(given, limits, services.macs);
}

const NO_LAYERS: RootLayers = { paths: [], bytes: [] };

/**
 * Returns the sandbox's part of the record for a container in another container's domain. Throws ERR_OCI_CONFIG for more CPUs than the domain has.
 */
function recordWithin(
  { owner }: Joining,
  id: SandboxId,
  { cpus = 0 }: OciLimits,
  layers: RootLayers,
): SandboxRecord {
  const { uuid, name, type, vcpus, memoryKib, hostname, machineId } = owner.record.sandbox;
  if (cpus > vcpus)
    throw configError(
      'linux.resources.cpu',
      `${cpus} CPUs: the domain of container "${owner.record.id}", in which it is to be, has ${vcpus}`,
    );
  return {
    id,
    name,
    uuid,
    type,
    vcpus,
    memoryKib,
    hostname,
    machineId,
    mac: '',
    layers: layers.paths,
    inMemory: layers.paths.length === 0,
  };
}
