// SPDX-License-Identifier: Apache-2.0
// Whether the host has the memory that new domains ask for, counting those that are still being made.

import { ThawError } from '../base/errors.js';
import { formatBytes } from '../base/text.js';

/** What Xen takes for a domain beside its memory: page tables, paging pool, grant and shared pages. */
const OVERHEAD_KIB = 4 * 1024;
const OVERHEAD_SHARE = 1 / 64;

export class MemoryBudget {
  readonly #freeKib: () => Promise<number>;
  #promisedKib = 0;

  /** `freeKib` asks Xen how much it has left. */
  constructor(freeKib: () => Promise<number>) {
    this.#freeKib = freeKib;
  }

  /**
   * Promises `memoryKib` to a domain until the returned function is called, which is when Xen counts the memory itself.
   * Rejects with ERR_MEMORY naming what is missing.
   */
  async reserve(memoryKib: number): Promise<() => void> {
    const neededKib = memoryKib + OVERHEAD_KIB + Math.ceil(memoryKib * OVERHEAD_SHARE);
    this.#promisedKib += neededKib;
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#promisedKib -= neededKib;
      isHeld = false;
    };
    try {
      const freeKib = await this.#freeKib();
      if (freeKib >= this.#promisedKib) return release;
      const missing = formatBytes((this.#promisedKib - freeKib) * 1024);
      const wanted = formatBytes(memoryKib * 1024);
      const free = formatBytes(freeKib * 1024);
      throw new ThawError(
        'ERR_MEMORY',
        `Cannot give a domain ${wanted}: Xen has ${free} free, ${missing} too little; use a smaller --memory or end a container`,
      );
    } catch (error) {
      release();
      throw error;
    }
  }
}
