// SPDX-License-Identifier: Apache-2.0
// The handle of a watch for a domain's end (libxl_evenable_domain_death).

import type { RawEvent } from './native.js';
import type { DomainEvent, ShutdownReason } from './types.js';

export class DeathWatch {
  /** Resolves once libxl watches; rejects with XenError when it cannot. The caller may ignore it. */
  readonly ready: Promise<void>;
  #listener: ((event: DomainEvent) => void) | undefined;
  readonly #forget: () => Promise<void>;

  constructor(
    listener: (event: DomainEvent) => void,
    ready: Promise<void>,
    forget: () => Promise<void>,
  ) {
    this.#listener = listener;
    this.ready = ready;
    this.#forget = forget;
    ready.catch(() => {});
  }

  /** Libxl calls this with the addon's events. */
  deliver(event: RawEvent): void {
    const { type, domid } = event;
    this.#listener?.(
      type === 'domain_death'
        ? { type, domid }
        : { type, domid, shutdownReason: event.shutdownReason as ShutdownReason },
    );
  }

  /** Stops the watch; no event is delivered afterwards. Idempotent. */
  close(): void {
    if (this.#listener === undefined) return;
    this.#listener = undefined;
    this.#forget().catch(() => {}); // A context closed meanwhile has ended all its watches.
  }
}
