// SPDX-License-Identifier: Apache-2.0
// How much memory and how many CPUs a sandbox gets, and what is refused because no guest boots with it or no host has it.

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

/** What the user asked for; what is missing gets a default. */
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
  /** May have a fraction; vCPUs are the next whole number. */
  cpus: number;
  /** How many vCPUs its domain is to be made with, where somebody said it. */
  maxVcpus?: number;
  /** Nobody asked for this much: the container starts before its memory has come. */
  growsBehind: boolean;
}

/** The least that --memory takes, as with docker: with less hardly a program starts. */
const MIN_MEMORY_KIB = 6 * 1024;
/** The least that a domain gets: a guest lives with less, but no container starts in it. Who asks for less is limited within it. */
export const MIN_DOMAIN_KIB = 32 * 1024;
export const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20;

/** `baseKib` is what the template has. Rejects with ERR_USAGE or ERR_XEN_TYPE, naming the option, its value and what is allowed. */
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

/** What the cgroup of a container with a domain to itself is limited to: undefined for all that the domain has. Pure. */
export function limitWithin(memoryBytes: number | undefined): number | undefined {
  return memoryBytes !== undefined && memoryBytes < MIN_DOMAIN_KIB * 1024 ? memoryBytes : undefined;
}

/** Throws ERR_USAGE for one that no clone of this host is made of. */
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
