// SPDX-License-Identifier: Apache-2.0
// Reserves a slot for each container of a domain: a range of the numbers that processes have on the data channel.

/** The number of processes that one start of a container can have. */
const SLOT_SIZE = 2 ** 20;
/** Numbers have 32 bits. Slot 0 belongs to the container that the domain was made for. */
const SLOTS = 4095;

/** Returns the number of the first process in a slot. The container's other processes have the numbers after it. */
export function firstProcess(slot: number): number {
  return slot * SLOT_SIZE + 1;
}

export function slotOf(process: number): number {
  return Math.floor(process / SLOT_SIZE);
}

export class Slots<T> {
  readonly #holders = new Map<number, T>();
  #last = 0;

  /** Reserves the slot that has been free for longest: a shim remembers processes that have ended. */
  take(holder: T): number {
    for (let tries = 0; tries < SLOTS; tries++) {
      this.#last = (this.#last % SLOTS) + 1;
      if (this.#holders.has(this.#last)) continue;
      this.#holders.set(this.#last, holder);
      return this.#last;
    }
    throw new RangeError('All slots of the pod are taken');
  }

  /** Notes that a slot was used: the shim may remember its processes. */
  pass(slot: number): void {
    this.#last = Math.max(this.#last, slot);
  }

  /** Takes over a slot that an earlier thawd gave to the holder. */
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
