// SPDX-License-Identifier: Apache-2.0
// Passes a shim's events on: to the sandbox's creator while the sandbox is being made or waits in the pool, then to its container.

import { ThawError } from '../../base/errors.js';
import type { ShimEvents } from './client.js';

export class ShimRelay implements ShimEvents {
  readonly #lost = new AbortController();
  #early: ((to: ShimEvents) => void)[] = [];
  #to: ShimEvents | undefined;

  /** Aborts with ERR_GUEST_LOST when the shim loses its guest or ends itself. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Passes all events to `to` from now on, after those that came before. */
  passTo(to: ShimEvents): void {
    this.#to = to;
    for (const tell of this.#early) tell(to);
    this.#early = [];
  }

  onExit: ShimEvents['onExit'] = (process, exit) => this.#tell((to) => to.onExit(process, exit));

  onLost: ShimEvents['onLost'] = (reason) => {
    this.#lost.abort(new ThawError('ERR_GUEST_LOST', `The guest is lost: ${reason}`));
    this.#tell((to) => to.onLost(reason));
  };

  onGone: ShimEvents['onGone'] = () => {
    this.#lost.abort(new ThawError('ERR_GUEST_LOST', 'The guest is lost: its shim ended'));
    this.#tell((to) => to.onGone());
  };

  #tell(tell: (to: ShimEvents) => void): void {
    if (this.#to) tell(this.#to);
    else this.#early.push(tell);
  }
}
