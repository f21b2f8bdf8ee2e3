// SPDX-License-Identifier: Apache-2.0
// Whether the host has the memory that new domains ask for, counting those that are still being made.

import { ThawError } from '../../base/errors.js';
import { formatBytes } from '../../base/text.js';

/** What Xen takes for a domain beside its memory: page tables, paging pool, grant and shared pages. */
const OVERHEAD_KIB = 4 * 1024;
const OVERHEAD_SHARE = 1 / 64;

export class MemoryBudget {
  readonly #freeKib: () => Promise<number>;
  readonly #goingBack = new Set<Promise<unknown>>();
  #promisedKib = 0;
  /** Asked to free memory that is missing; whether it freed any. */
  onShortage: (missingKib: number) => Promise<boolean> = () => Promise.resolve(false);

  /** `freeKib` asks Xen how much it has left. */
  constructor(freeKib: () => Promise<number>) {
    this.#freeKib = freeKib;
  }

  /**
   * Promises `memoryKib` to a domain until the returned function is called, which is when Xen counts the memory itself.
   * With `reclaim`, others may have to give theirs up for it. Rejects with ERR_MEMORY naming what is missing.
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

  /** A domain is ending, whose memory is free when `end` has settled. */
  expectBack(end: Promise<unknown>): void {
    this.#goingBack.add(end);
    void end.finally(() => this.#goingBack.delete(end)).catch(() => undefined);
  }

  /** Whether there may be more memory than before. */
  async #find(missingKib: number, reclaim: boolean): Promise<boolean> {
    if (this.#goingBack.size === 0) return reclaim && this.onShortage(missingKib);
    await Promise.race(this.#goingBack).catch(() => undefined);
    return true;
  }
}
