// SPDX-License-Identifier: Apache-2.0
// What was acquired and must be released when a later step fails: an undo stack.

import type { Log } from './log.js';

/** Releases run in reverse order of their acquisition; one that fails is logged and does not stop the others. */
export class Undo {
  readonly #log: Log;
  #steps: { what: string; release: () => unknown }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds the release of what was just acquired; `what` names it in the log when the release fails. */
  push(what: string, release: () => unknown): void {
    this.#steps.push({ what, release });
  }

  /** Success: what was acquired belongs to the caller now. */
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
