// SPDX-License-Identifier: Apache-2.0
// What has happened to containers: the last of it is kept, and whoever listens hears the rest. Gone with thawd.

import { EventEmitter } from 'node:events';
import type { EventFilter, ThawEvent } from '../../api/engine.js';
import { shellStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';
import type { ContainerRecord } from '../store/record.js';

/** Some megabytes at most. */
const KEPT = 10_000;

export class Events {
  readonly #kept: ThawEvent[] = [];
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Tells everybody of it at once. */
  tell(action: string, record: ContainerRecord): void {
    const { id, name, image, exit, health } = record;
    const event: ThawEvent = {
      ...{ time: Date.now(), type: 'container', action, id, name, image },
      ...(action === 'health_status' && health ? { health: health.status } : {}),
      ...(action === 'died' ? { exitStatus: exit ? shellStatus(exit) : -1 } : {}),
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.splice(0, KEPT / 10);
    this.#emitter.emit('event', event);
  }

  /** Calls `listener` for what is to come, until the function that it returns is called. */
  listen(listener: (event: ThawEvent) => void): () => void {
    this.#emitter.on('event', listener);
    return () => this.#emitter.off('event', listener);
  }

  /** Resolves when all is told that was asked for, or `signal` aborts. */
  async follow(filter: EventFilter, signal: AbortSignal): Promise<void> {
    const { since, until = Infinity, follow, tell } = filter;
    if (since !== undefined || !follow)
      for (const event of this.#kept)
        if (event.time >= (since ?? 0) && event.time <= until) tell(event);
    const restMs = until - Date.now();
    if (!follow || restMs <= 0) return;
    const stop = this.listen((event) => event.time <= until && tell(event));
    try {
      await sleep(Math.min(restMs, LONGEST_MS), signal);
    } catch {
      // The client went, which is how most listening ends.
    } finally {
      stop();
    }
  }
}

/** What a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;
