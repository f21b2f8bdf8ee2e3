// SPDX-License-Identifier: Apache-2.0
// Restarts containers that have ended, by docker's policies and with docker's delays.

import type { RestartPolicy } from '../../api/engine.js';
import { describeError } from '../../base/errors.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { NULL_CLIENT } from '../exec/null-client.js';
import type { ContainerRecord } from '../store/record.js';
import { hasEnded } from './lifecycle.js';
import { startContainer } from '../create/run.js';

const FIRST_MS = 100;
const LONGEST_MS = 60_000;
/** A container that ran this long counts as well again: its next delay is the first one. */
const WELL_MS = 10_000;

export class RestartPolicies {
  readonly #services: ContainerServices;
  readonly #manager: ContainerManager;
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #delays = new Map<string, number>();
  readonly #stop: () => void;

  /** Starts containers that end again if their policy says so, until close(). */
  constructor(services: ContainerServices, manager: ContainerManager) {
    this.#services = services;
    this.#manager = manager;
    this.#stop = services.events.listen(({ action, id }) => {
      if (action === 'died') this.#ended(id);
      if (action === 'remove') this.#forget(id);
    });
  }

  /** Starts a container that has ended, after its delay, if its policy says so. */
  consider(id: string): void {
    const record = this.#manager.get(id)?.record;
    if (!record || !wantsRestart(record) || this.#waiting.has(id)) return;
    const delayMs = this.#delays.get(id) ?? FIRST_MS;
    this.#delays.set(id, Math.min(2 * delayMs, LONGEST_MS));
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      void this.#restart(id);
    }, delayMs);
    this.#waiting.set(id, timer);
  }

  close(): void {
    this.#stop();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #ended(id: string): void {
    const { started = 0, finished = 0 } = this.#manager.get(id)?.record ?? {};
    if (finished - started >= WELL_MS) this.#delays.delete(id);
    this.consider(id);
  }

  async #restart(id: string): Promise<void> {
    const record = this.#manager.get(id)?.record;
    // A client may have started, stopped or removed the container meanwhile.
    if (!record || !wantsRestart(record)) return;
    const { name, restarts = 0 } = record;
    try {
      const alone = {
        attach: false,
        interactive: false,
        restarts: restarts + 1,
        isWanted: wantsRestart,
      };
      await startContainer(this.#services, this.#manager, id, alone, NULL_CLIENT);
    } catch (error) {
      this.#services.log.warn(`Cannot start container ${name} again: ${describeError(error)}`);
      this.consider(id);
    }
  }

  #forget(id: string): void {
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
    this.#delays.delete(id);
  }
}

/** True when the container's policy starts it again. Pure. */
export function wantsRestart(record: ContainerRecord): boolean {
  const { isStopped, rm, exit, restarts = 0, options } = record;
  const { name, retries }: RestartPolicy = options?.restart ?? { name: 'no', retries: 0 };
  if (rm || isStopped === true || !hasEnded(record)) return false;
  if (name !== 'on-failure') return name !== 'no';
  const hasFailed = !(exit?.kind === 'exited' && exit.code === 0);
  return hasFailed && (retries === 0 || restarts < retries);
}
