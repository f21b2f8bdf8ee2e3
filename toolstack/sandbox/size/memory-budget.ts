// SPDX-License-Identifier: Apache-2.0
// Checks that the host has the memory that new domains ask for, counting domains that are still being made.

import { ThawError } from '../../base/errors.js';
import { formatBytes } from '../../base/text.js';

/** Memory that Xen takes for a domain beside its own: page tables, paging pool, grant and shared pages. */
const OVERHEAD_KIB = 4 * 1024;
const OVERHEAD_SHARE = 1 / 64;

export class MemoryBudget {
  readonly #freeKib: () => Promise<number>;
  readonly #goingBack = new Set<Promise<unknown>>();
  #promisedKib = 0;
  /** Called to free missing memory, in KiB. Resolves with true when it freed any. */
  onShortage: (missingKib: number) => Promise<boolean> = () => Promise.resolve(false);

  /** `freeKib` asks Xen for its free memory in KiB. */
  constructor(freeKib: () => Promise<number>) {
    this.#freeKib = freeKib;
  }

  /**
   * Promises `memoryKib` to a domain until the returned function is called, when Xen counts the memory itself. With `reclaim`, other domains may have
   * to give up theirs. Rejects with ERR_MEMORY, which names the missing memory.
   */
  async reserve(memoryKib: number, { reclaim = true } = {}): Promise<() => void> {
    const neededKib = memoryKib + OVERHEAD_KIB + Math.ceil(memoryKib * OVERHEAD_SHARE);
    this.#promisedKib += neededKib;
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#promisedKib -= neededKib;
      isHeld = false;
    };
    try {
      let freeKib = await this.#freeKib();
      while (
        freeKib < this.#promisedKib &&
        (await this.#find(this.#promisedKib - freeKib, reclaim))
      )
        freeKib = await this.#freeKib();
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

  /** Resolves when all domains that are ending are gone. */
  async allBack(): Promise<void> {
    while (this.#goingBack.size > 0) await Promise.allSettled(this.#goingBack);
  }

  /** Registers a domain that is ending. Its memory is free when `end` has settled. */
  expectBack(end: Promise<unknown>): void {
    this.#goingBack.add(end);
    void end.finally(() => this.#goingBack.delete(end)).catch(() => undefined);
  }

  /** True when there may be more free memory than before. */
  async #find(missingKib: number, reclaim: boolean): Promise<boolean> {
    if (this.#goingBack.size === 0) return reclaim && this.onShortage(missingKib);
    await Promise.race(this.#goingBack).catch(() => undefined);
    return true;
  }
}
