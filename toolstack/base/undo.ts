// SPDX-License-Identifier: Apache-2.0
// An undo stack: releases acquired things when a later step fails.

import type { Log } from './log.js';

/** Releases run in reverse order of their acquisition; one that fails is logged and does not stop the others. */
export class Undo {
  readonly #log: Log;
  #steps: { what: string; release: () => unknown }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a release. `what` names the acquired thing in the log when the release fails. */
  push(what: string, release: () => unknown): void {
    this.#steps.push({ what, release });
  }

  /** Hands everything acquired over to the caller. */
  disarm(): void {
    this.#steps = [];
  }

  /** Failure or end of life: releases all, last first. Idempotent. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.release();
      } catch (error) {
        this.#log.error(`Cannot release ${step.what}`, { error });
      }
    }
  }

  /** Runs `steps` with a new stack; releases all of it when they throw, keeps it when they return. */
  static async guard<T>(log: Log, steps: (undo: Undo) => Promise<T>): Promise<T> {
    const undo = new Undo(log);
    try {
      return await steps(undo);
    } catch (error) {
      await undo.run();
      throw error;
    }
  }
}
