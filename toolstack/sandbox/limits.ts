// SPDX-License-Identifier: Apache-2.0
// How much memory and how many CPUs a sandbox gets, and what is refused because no guest boots with it or no host has it.

import { ThawError } from '../base/errors.js';
import { formatBytes } from '../base/text.js';
import { BASE_MEMORY_KIB } from '../clone/shape.js';
import { checkGuestType, defaultGuestType, type GuestType } from '../xen/host.js';
import type { SandboxServices } from './services.js';

/** What the user asked for; what is missing gets a default. */
export interface WantedLimits {
  type?: GuestType;
  memoryBytes?: number;
  cpus?: number;
}

export interface Limits {
  type: GuestType;
  memoryKib: number;
  /** May have a fraction; vCPUs are the next whole number. */
  cpus: number;
  /** Nobody asked for this much: the container starts before its memory has come. */
  growsBehind: boolean;
}

/** The least that --memory takes. A guest lives with less, but not a container in it. */
export const MIN_MEMORY_KIB = 32 * 1024;
export const DEFAULT_MEMORY_BYTES = 256 * 2 ** 20;

/** `baseKib` is what the template has. Rejects with ERR_USAGE or ERR_XEN_TYPE, naming the option, its value and what is allowed. */
export async function checkLimits(
  options: WantedLimits,
  services: SandboxServices,
  baseKib = BASE_MEMORY_KIB,
): Promise<Limits> {
  const physinfo = await services.host.libxl.physinfo();
  const type = options.type ?? defaultGuestType(physinfo);
  checkGuestType(physinfo, type);
  const memoryBytes = options.memoryBytes ?? Math.max(DEFAULT_MEMORY_BYTES, baseKib * 1024);
  const leastKib = Math.max(MIN_MEMORY_KIB, baseKib);
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
  const memoryKib = Math.ceil(memoryBytes / 1024 / 4) * 4;
  return { type, memoryKib, cpus, growsBehind: options.memoryBytes === undefined };
}

const MIN_CPUS = 0.01;
/** Each vCPU takes some of the guest's memory. More than the host has CPUs is allowed, as everywhere in Xen. */
const MAX_CPUS = 16;

function usage(option: string, value: string, allowed: string): ThawError {
  return new ThawError('ERR_USAGE', `Cannot use ${option} ${value}: ${allowed} is allowed`);
}
