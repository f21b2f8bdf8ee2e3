// SPDX-License-Identifier: Apache-2.0
// Decides how much memory and how many CPUs a sandbox gets. Refuses a size with which no guest boots, or that the host does not have.

import { ThawError } from '../../base/errors.js';
import { formatBytes } from '../../base/text.js';
import { BASE_MEMORY_KIB, shapeFor } from '../../clone/template/shape.js';
import { checkGuestType, type GuestType, type XenHost } from '../../xen/host.js';

/** The host that a sandbox's size must fit. */
export interface SizingHost {
  host: XenHost;
  hostCpus: number;
  /** The type of a domain where the user names none. */
  defaultType: GuestType;
}

/** The user's options. A missing option gets its default. */
export interface WantedLimits {
  type?: GuestType;
  memoryBytes?: number;
  cpus?: number;
  /** The kernel's template that is to be cloned. */
  template?: { type: GuestType; vcpus: number };
}

export interface Limits {
  type: GuestType;
  memoryKib: number;
  /** May have a fraction: the number of vCPUs is the next whole number. */
  cpus: number;
  /** Number of vCPUs that the domain is to be made with, where the user chose a template. */
  maxVcpus?: number;
  /** True for default memory: the container starts before it has arrived. */
  growsBehind: boolean;
}

/** Smallest --memory, as in docker: hardly any program starts with less. */
const MIN_MEMORY_KIB = 6 * 1024;
/** Smallest memory of a domain: a guest lives with less, but no container starts in it. A smaller --memory becomes a limit within the domain. */
export const MIN_DOMAIN_KIB = 32 * 1024;
export const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20;

/**
 * Returns the size with defaults filled in. `baseKib` is the template's memory. Rejects with ERR_USAGE or ERR_XEN_TYPE, naming the option, its value
 * and the allowed values.
 */
export async function checkLimits(
  options: WantedLimits,
  { host, hostCpus, defaultType }: SizingHost,
  baseKib = BASE_MEMORY_KIB,
): Promise<Limits> {
  const physinfo = await host.libxl.physinfo();
  const { template } = options;
  const type = options.type ?? template?.type ?? defaultType;
  if (template) checkTemplate(template, type, hostCpus);
  checkGuestType(physinfo, type);
  const memoryBytes = options.memoryBytes ?? Math.max(DEFAULT_MEMORY_BYTES, baseKib * 1024);
  const leastKib = baseKib >= MIN_DOMAIN_KIB ? baseKib : MIN_MEMORY_KIB;
  const totalBytes = physinfo.totalMemKib * 1024;
  if (memoryBytes < leastKib * 1024 || memoryBytes > totalBytes) {
    throw usage(
      '--memory',
      formatBytes(memoryBytes),
      `from ${formatBytes(leastKib * 1024)} to this host's ${formatBytes(totalBytes)}`,
    );
  }
  const cpus = options.cpus ?? 1;
  if (!(cpus >= MIN_CPUS && cpus <= MAX_CPUS)) {
    throw usage('--cpus', String(cpus), `from ${MIN_CPUS} to ${MAX_CPUS}`);
  }
  if (template && cpus > template.vcpus) {
    const { vcpus } = template;
    throw usage('--cpus', String(cpus), `with --template ${type}/${vcpus} up to ${vcpus}`);
  }
  const memoryKib = Math.max(MIN_DOMAIN_KIB, Math.ceil(memoryBytes / 1024 / 4) * 4);
  const growsBehind = options.memoryBytes === undefined;
  return { type, memoryKib, cpus, growsBehind, ...(template ? { maxVcpus: template.vcpus } : {}) };
}

/** Returns the cgroup's memory limit in bytes for a container with a domain to itself. Undefined allows all of the domain's memory. Pure. */
export function limitWithin(memoryBytes: number | undefined): number | undefined {
  return memoryBytes !== undefined && memoryBytes < MIN_DOMAIN_KIB * 1024 ? memoryBytes : undefined;
}

/** Throws ERR_USAGE for a template that this host makes no clone of. */
function checkTemplate(
  { type, vcpus }: { type: GuestType; vcpus: number },
  wanted: GuestType,
  hostCpus: number,
): void {
  const name = `${type}/${vcpus}`;
  if (wanted !== type)
    throw new ThawError('ERR_USAGE', `Cannot use --type ${wanted} with --template ${name}`);
  if (shapeFor(type, vcpus, hostCpus).vcpus !== vcpus || vcpus > Math.max(hostCpus, MAX_CPUS))
    throw new ThawError(
      'ERR_USAGE',
      `Cannot use --template ${name}: this host has no such kernel; thaw templates lists those that were made, and ` +
        [1, hostCpus > 1 ? hostCpus : 2].map((count) => `${type}/${count}`).join(' and ') +
        ' are made when they are asked for',
    );
}

const MIN_CPUS = 0.01;
/** Each vCPU takes some of the guest's memory. More than the host has CPUs is allowed, as everywhere in Xen. */
const MAX_CPUS = 16;

function usage(option: string, value: string, allowed: string): ThawError {
  return new ThawError('ERR_USAGE', `Cannot use ${option} ${value}: ${allowed} is allowed`);
}
