// SPDX-License-Identifier: Apache-2.0
// How many clones of a template should wait: as many as are configured, and as many as were taken a moment ago.

/** How long a start counts as demand. */
export const DEMAND_MS = 60_000;

export class Demand {
  readonly #min: number;
  readonly #max: number;
  #taken: number[] = [];

  /** At least `min` are to wait, at most `max`. */
  constructor(min: number, max: number) {
    this.#min = Math.min(min, max);
    this.#max = max;
  }

  /** Somebody started a container at `now` (milliseconds), whether or not a clone was waiting. */
  note(now: number): void {
    this.#taken.push(now);
    // What is beyond the maximum changes nothing.
    if (this.#taken.length > this.#max) this.#taken.shift();
  }

  /** How many should wait at `now`. */
  target(now: number): number {
    this.#taken = this.#taken.filter((at) => now - at < DEMAND_MS);
    return Math.max(this.#min, this.#taken.length);
  }
}
