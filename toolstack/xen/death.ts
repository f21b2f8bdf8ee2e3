// SPDX-License-Identifier: Apache-2.0
// How work that needs a live guest ends at once when the guest dies, in place of at its deadline.

import type { DomainEvent } from '../../bindings/index.js';
import { ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import type { XenHost } from './host.js';

/**
 * Settles as `work` does, which gets a signal that aborts as soon as the domain crashes, shuts down or is destroyed, and must
 * then end. What it rejects with after that becomes ERR_GUEST_LOST.
 */
export async function whileAlive<T>(
  host: XenHost,
  domid: Domid,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const watch = host.libxl.onDomainDeath(domid, (event) =>
    lost.abort(new ThawError('ERR_GUEST_LOST', `Domain ${domid} ${describeDeath(event)}`)),
  );
  // A watch that cannot be set leaves the deadlines.
  watch.ready.catch((error: unknown) => host.log.warn(`Cannot watch domain ${domid}`, { error }));
  try {
    return await work(lost.signal);
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    watch.close();
  }
}

/** What happened to a domain, as the end of a sentence. */
export function describeDeath(event: DomainEvent): string {
  if (event.type === 'domain_death') return 'was destroyed';
  if (event.shutdownReason === 'crash')
    return 'crashed: its console says why (xl console, /var/log/xen/console)';
  return `shut down (${event.shutdownReason})`;
}
