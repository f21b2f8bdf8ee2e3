// SPDX-License-Identifier: Apache-2.0
// Whose process is it? Every container that starts in a pod has a range of the numbers that processes have on its data channel.

/** So many processes of one start of a container, over its life. */
const SLOT_SIZE = 2 ** 20;
/** Numbers have 32 bits, and 0 is nobody's. */
const SLOTS = 4095;

/** The number of the container's first process; those of its others come behind it. */
export function firstProcess(slot: number): number {
  return slot * SLOT_SIZE + 1;
}

export function slotOf(process: number): number {
  return Math.floor(process / SLOT_SIZE);
}

export class Slots<T> {
  readonly #holders = new Map<number, T>();
  #last = 0;

  /** One that nobody has, and nobody had for as long as can be: a shim remembers processes that have ended. */
  take(holder: T): number {
    for (let tries = 0; tries < SLOTS; tries++) {
      this.#last = (this.#last % SLOTS) + 1;
      if (this.#holders.has(this.#last)) continue;
      this.#holders.set(this.#last, holder);
      return this.#last;
    }
    throw new RangeError('All slots of the pod are taken');
  }

  /** One that somebody had: the shim may remember. */
  pass(slot: number): void {
    this.#last = Math.max(this.#last, slot);
  }

  /** One that was taken from an earlier thawd. */
  adopt(slot: number, holder: T): void {
    this.pass(slot);
    this.#holders.set(slot, holder);
  }

  holder(slot: number): T | undefined {
    return this.#holders.get(slot);
  }

  get holders(): T[] {
    return [...this.#holders.values()];
  }

  give(slot: number): void {
    this.#holders.delete(slot);
  }
}
