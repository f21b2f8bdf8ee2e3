// SPDX-License-Identifier: Apache-2.0
// Computes how many clones of a template should wait: the configured minimum, or the number of recent starts if that is larger.

/** Time for which a start counts as demand. */
export const DEMAND_MS = 60_000;

export class Demand {
  readonly #min: number;
  readonly #max: number;
  #taken: number[] = [];

  /** Keeps at least `min` clones and at most `max`. */
  constructor(min: number, max: number) {
    this.#min = Math.min(min, max);
    this.#max = max;
  }

  /** Records a container start at `now` (milliseconds), whether or not a clone was waiting. */
  note(now: number): void {
    this.#taken.push(now);
    // Starts beyond the maximum change nothing.
    if (this.#taken.length > this.#max) this.#taken.shift();
  }

  /** Returns how many clones should wait at `now` (milliseconds). */
  target(now: number): number {
    this.#taken = this.#taken.filter((at) => now - at < DEMAND_MS);
    return Math.max(this.#min, this.#taken.length);
  }
}
