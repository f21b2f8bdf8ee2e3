// SPDX-License-Identifier: Apache-2.0
// Tells listeners of containers' events, and keeps the latest events until thawd ends.

import { EventEmitter } from 'node:events';
import type { EventFilter, ThawEvent } from '../../api/engine.js';
import { shellStatus } from '../../api/wire.js';
import { sleep } from '../../base/deadline.js';
import { defined } from '../../base/defined.js';
import { diskPauseText } from '../store/disk-pause.js';
import type { ContainerRecord } from '../store/record.js';

/** The number of events kept: some megabytes at most. */
const KEPT = 10_000;

export class Events {
  readonly #kept: ThawEvent[] = [];
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Tells all listeners of an event at once. */
  tell(action: string, record: ContainerRecord): void {
    const { id, name, image, exit, health, owner, diskPause } = record;
    const event: ThawEvent = {
      time: Date.now(),
      type: 'container',
      action,
      id,
      name,
      image,
      ...defined({ owner }),
      ...(action === 'health_status' && health ? { health: health.status } : {}),
      ...(action === 'pause' && diskPause ? { reason: diskPauseText(diskPause) } : {}),
      ...(action === 'died' ? { exitStatus: exit ? shellStatus(exit) : -1 } : {}),
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.splice(0, KEPT / 10);
    this.#emitter.emit('event', event);
  }

  /** Calls `listener` for each later event, until the returned function is called. */
  listen(listener: (event: ThawEvent) => void): () => void {
    this.#emitter.on('event', listener);
    return () => this.#emitter.off('event', listener);
  }

  /** Resolves when all requested events are told, or `signal` aborts. */
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
      // Most clients end the wait by disconnecting.
    } finally {
      stop();
    }
  }
}

/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;
