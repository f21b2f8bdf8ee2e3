// SPDX-License-Identifier: Apache-2.0
// Decides which CPU quota limits need, and formats limits for a container's cgroup in its guest (cgroup-v2.rst). Pure.

const CPU_PERIOD_US = 100_000;

/** CPU time in microseconds of each period, as in linux.resources.cpu of the runtime specification. */
export interface CpuQuota {
  quota: number;
  period: number;
}

/** Returns the quota for that many CPUs; undefined for none. Whole CPUs are vCPUs, and need no quota where the container `isAlone`. Pure. */
export function cpuQuota(cpus: number | undefined, isAlone: boolean): CpuQuota | undefined {
  if (cpus === undefined || (isAlone && Number.isInteger(cpus))) return undefined;
  return { quota: Math.round(cpus * CPU_PERIOD_US), period: CPU_PERIOD_US };
}

/** Returns the value of cpu.max for a container that may use that many CPUs, as cpuQuota() does. Pure. */
export function cpuMax(cpus: number | undefined, isAlone: boolean): string {
  return `${cpuQuota(cpus, isAlone)?.quota ?? 'max'} ${CPU_PERIOD_US}`;
}

/** Returns the value of pids.max for a limit from the options. Pure. */
export function pidsMax(limit: number): string {
  return limit > 0 ? String(limit) : 'max';
}

/** Returns the value of memory.max. Pure. */
export function memoryMax(bytes: number | undefined): string {
  return bytes === undefined ? 'max' : String(bytes);
}
