// SPDX-License-Identifier: Apache-2.0
// Checks arguments before any native call. Wrong types and ranges are the caller's mistakes and throw TypeError.

/** The highest domid of an ordinary domain: DOMID_FIRST_RESERVED - 1. */
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

/** Accepts a count of KiB or bytes: a safe, non-negative integer. */
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

/** Accepts at most 8192 CPUs, each an integer from 0. Refuses an empty list, because libxl would take every vCPU offline. */
export function checkCpus(cpus: unknown): asserts cpus is number[] {
  const isCpu = (cpu: unknown): boolean =>
    Number.isInteger(cpu) && (cpu as number) >= 0 && (cpu as number) < 8192;
  if (!Array.isArray(cpus) || cpus.length === 0 || !cpus.every(isCpu)) {
    throw new TypeError('Invalid cpus: not a non-empty array of vCPU numbers');
  }
}

/** Returns a config as JSON text, from text or from a plain object. */
export function configText(config: unknown): string {
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
    return JSON.stringify(config);
  }
  checkString('domain config', config);
  return config;
}

export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`Invalid ${name}: not a Uint8Array`);
}
