// SPDX-License-Identifier: Apache-2.0
// Which processes run in a container beside its first one, and when is each over? In memory only: what the shim knows is the truth.

import type { ExitStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';

/** A container's first process has this id on its data channel, where the domain is its own. */
export const INIT_PROCESS = 1;
/** Behind the first process, in a pod's domain; more would be another container's. */
const IDS = 2 ** 20 - 2;

interface Running {
  ended: Promise<ExitStatus | undefined>;
  end: (exit?: ExitStatus) => void;
}

export class Execs {
  readonly #running = new Map<number, Running>();
  #first = INIT_PROCESS;
  #last = INIT_PROCESS;

  /** The id of the container's first process. */
  get first(): number {
    return this.#first;
  }

  /** In a pod's domain it has another. */
  beginAt(first: number): void {
    this.#first = first;
    this.#last = first;
  }

  /** An id that no process of the container has, and a promise of how it ended, undefined where nobody knows; it never rejects. */
  add(): { id: number; ended: Running['ended'] } {
    do this.#last = this.#last === this.#first + IDS ? this.#first + 1 : this.#last + 1;
    while (this.#running.has(this.#last));
    const id = this.#last;
    return { id, ended: this.#watch(id) };
  }

  /** One that an earlier thawd started. */
  adopt(id: number): void {
    this.#last = Math.max(this.#last, id);
    void this.#watch(id);
  }

  /** It is over, or never was. */
  end(id: number, exit?: ExitStatus): void {
    this.#running.get(id)?.end(exit);
    this.#running.delete(id);
  }

  endAll(): void {
    for (const id of [...this.#running.keys()]) this.end(id);
  }

  /** Resolves when all are over, or after `ms`: then all count as over. */
  async drain(ms: number): Promise<void> {
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended));
    const rest = new AbortController();
    const late = sleep(ms, rest.signal).catch(() => undefined);
    if (this.#running.size > 0) await Promise.race([all, late]);
    rest.abort();
    this.endAll();
  }

  #watch(id: number): Running['ended'] {
    let end: Running['end'] = () => undefined;
    const ended = new Promise<ExitStatus | undefined>((resolve) => (end = resolve));
    this.#running.set(id, { ended, end });
    return ended;
  }
}
