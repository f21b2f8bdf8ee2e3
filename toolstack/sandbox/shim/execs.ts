// SPDX-License-Identifier: Apache-2.0
// Tracks the processes that run in a container beside its first process, in memory only: the shim has the true state.

import type { ExitStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';

/** Id of a container's first process on its data channel, in a domain of its own. */
export const INIT_PROCESS = 1;
/** Number of ids behind the first process in a pod's domain. Ids beyond belong to another container. */
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

  /** Sets the first process's id in a pod's domain, where it is not INIT_PROCESS. */
  beginAt(first: number): void {
    this.#first = first;
    this.#last = first;
  }

  /** Returns an unused id, and a promise of the process's exit status, undefined where the status is unknown. The promise never rejects. */
  add(): { id: number; ended: Running['ended'] } {
    do this.#last = this.#last === this.#first + IDS ? this.#first + 1 : this.#last + 1;
    while (this.#running.has(this.#last));
    const id = this.#last;
    return { id, ended: this.#watch(id) };
  }

  /** Tracks a process that an earlier thawd started. */
  adopt(id: number): void {
    this.#last = Math.max(this.#last, id);
    void this.#watch(id);
  }

  /** Records that a process has ended or never started. */
  end(id: number, exit?: ExitStatus): void {
    this.#running.get(id)?.end(exit);
    this.#running.delete(id);
  }

  endAll(): void {
    for (const id of [...this.#running.keys()]) this.end(id);
  }

  /** Resolves when all processes have ended, or after `ms` milliseconds. All then count as ended. */
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
