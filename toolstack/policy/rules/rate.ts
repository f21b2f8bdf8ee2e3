// SPDX-License-Identifier: Apache-2.0
// Counts the starts of each user by each rule within the last minute.

const WINDOW_MS = 60_000;

export class StartRates {
  readonly #now: () => number;
  /** Times of starts in milliseconds, the oldest first, by rule and user. */
  readonly #starts = new Map<string, number[]>();

  /** `now` returns milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  recent(rule: string, uid: number): number {
    return this.#within(keyOf(rule, uid)).length;
  }

  /** Counts starts that a rule has allowed. */
  add(rule: string, uid: number, count: number): void {
    const key = keyOf(rule, uid);
    const now = this.#now();
    this.#starts.set(key, [...this.#within(key), ...Array.from({ length: count }, () => now)]);
  }

  #within(key: string): number[] {
    const oldest = this.#now() - WINDOW_MS;
    const times = (this.#starts.get(key) ?? []).filter((time) => time > oldest);
    if (times.length > 0) this.#starts.set(key, times);
    else this.#starts.delete(key);
    return times;
  }
}

function keyOf(rule: string, uid: number): string {
  return `${uid} ${rule}`;
}
