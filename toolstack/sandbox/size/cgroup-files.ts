// SPDX-License-Identifier: Apache-2.0
// Formats limits for the files of a container's cgroup in its guest (cgroup-v2.rst). Pure.

export const CPU_PERIOD_US = 100_000;

/**
 * Returns the value of cpu.max for a container that may use that many CPUs. Whole CPUs are vCPUs, and need no quota where the container `isAlone`.
 * Pure.
 */
export function cpuMax(cpus: number | undefined, isAlone: boolean): string {
  const isFree = cpus === undefined || (isAlone && Number.isInteger(cpus));
  const quota = isFree ? 'max' : String(Math.round(cpus * CPU_PERIOD_US));
  return `${quota} ${CPU_PERIOD_US}`;
}

/** Returns the value of pids.max for a limit from the options. Pure. */
export function pidsMax(limit: number): string {
  return limit > 0 ? String(limit) : 'max';
}

/** Returns the value of memory.max. Pure. */
export function memoryMax(bytes: number | undefined): string {
  return bytes === undefined ? 'max' : String(bytes);
}
