// SPDX-License-Identifier: Apache-2.0
// What files of a container's cgroup in its guest say of limits (cgroup-v2.rst). Pure.

export const CPU_PERIOD_US = 100_000;

/** What cpu.max says of a container that may use so many CPUs: whole ones are vCPUs, and need no quota where it `isAlone`. Pure. */
export function cpuMax(cpus: number | undefined, isAlone: boolean): string {
  const isFree = cpus === undefined || (isAlone && Number.isInteger(cpus));
  const quota = isFree ? 'max' : String(Math.round(cpus * CPU_PERIOD_US));
  return `${quota} ${CPU_PERIOD_US}`;
}

/** What pids.max says of a limit as options have it. Pure. */
export function pidsMax(limit: number): string {
  return limit > 0 ? String(limit) : 'max';
}

/** What memory.max says. Pure. */
export function memoryMax(bytes: number | undefined): string {
  return bytes === undefined ? 'max' : String(bytes);
}
