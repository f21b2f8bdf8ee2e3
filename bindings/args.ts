// SPDX-License-Identifier: Apache-2.0
// Checks arguments before anything native is called: wrong types and ranges are the caller's mistakes, hence TypeError.

/** Xen's highest domid an ordinary domain can have is DOMID_FIRST_RESERVED - 1. */
const DOMID_MAX = 0x7fef;

export function checkDomid(domid: unknown): asserts domid is number {
  if (!Number.isInteger(domid) || (domid as number) < 0 || (domid as number) > DOMID_MAX) {
    throw new TypeError(`Invalid domid: ${String(domid)} is not an integer from 0 to ${DOMID_MAX}`);
  }
}

export function checkFd(fd: unknown): asserts fd is number {
  if (!Number.isInteger(fd) || (fd as number) < 0 || (fd as number) > 0x7fffffff) {
    throw new TypeError(`Invalid file descriptor: ${String(fd)}`);
  }
}

/** A count of KiB or bytes: a safe, non-negative integer. */
export function checkSize(name: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new TypeError(`Invalid ${name}: ${String(value)} is not a non-negative integer`);
  }
}

export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new TypeError(`Invalid ${name}: not a non-empty string without NUL`);
  }
}

/** At most 8192 CPUs, each an integer from 0; an empty list is refused because libxl would take every vCPU offline. */
export function checkCpus(cpus: unknown): asserts cpus is number[] {
  const isCpu = (cpu: unknown): boolean =>
    Number.isInteger(cpu) && (cpu as number) >= 0 && (cpu as number) < 8192;
  if (!Array.isArray(cpus) || cpus.length === 0 || !cpus.every(isCpu)) {
    throw new TypeError('Invalid cpus: not a non-empty array of vCPU numbers');
  }
}

/** A config as JSON text, from text or from a plain object. */
export function configText(config: unknown): string {
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
    return JSON.stringify(config);
  }
  checkString('domain config', config);
  return config;
}
