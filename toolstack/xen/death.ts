// SPDX-License-Identifier: Apache-2.0
// Ends work that needs a live guest as soon as the guest dies, before the work's deadline.

import type { DomainEvent, DomainInfo } from '../../bindings/index.js';
import { ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import { onDomainDeath } from './death-watch.js';
import type { XenHost } from './host.js';

/**
 * Settles as `work` does, which gets a signal that aborts as soon as the domain crashes, shuts down or is destroyed, and must
 * then end. A rejection after that becomes ERR_GUEST_LOST.
 */
export function whileAlive<T>(
  host: XenHost,
  domid: Domid,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  return untilLost(work, (lose) => {
    const watch = onDomainDeath(host, domid, lose);
    // Without a watch the deadlines remain.
    watch.ready.catch((error: unknown) => host.log.warn(`Cannot watch domain ${domid}`, { error }));
    return () => watch.close();
  });
}

/** Like whileAlive(), for a domain that xenstored does not know yet and so cannot report: thawd asks Xen every second instead. */
export function whileUnknown<T>(
  host: XenHost,
  domid: Domid,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  return untilLost(work, (lose) => {
    const look = async (): Promise<void> => {
      const domains = await host.libxl.listDomains();
      const death = deathOf(
        domid,
        domains.find((domain) => domain.domid === domid),
      );
      if (death) lose(death);
    };
    const timer = setInterval(() => {
      // After a failed look the next one and the deadlines remain.
      look().catch((error: unknown) => host.log.warn(`Cannot look for domain ${domid}`, { error }));
    }, LOOK_MS);
    return () => clearInterval(timer);
  });
}

/** `watch` starts looking for a death, and returns the function that stops it. */
async function untilLost<T>(
  work: (lost: AbortSignal) => Promise<T>,
  watch: (lose: (death: DomainEvent) => void) => () => void,
): Promise<T> {
  const lost = new AbortController();
  const end = watch((death) => lost.abort(guestLost(death)));
  try {
    return await work(lost.signal);
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    end();
  }
}

const LOOK_MS = 1000;

function deathOf(domid: Domid, info: DomainInfo | undefined): DomainEvent | undefined {
  if (!info || info.dying) return { type: 'domain_death', domid };
  if (!info.shutdown || info.shutdownReason === 'suspend') return undefined;
  return { type: 'domain_shutdown', domid, shutdownReason: info.shutdownReason };
}

function guestLost(event: DomainEvent): ThawError {
  return new ThawError('ERR_GUEST_LOST', `Domain ${event.domid} ${describeDeath(event)}`);
}

/** Describes the domain's end as the end of a sentence. */
export function describeDeath(event: DomainEvent): string {
  if (event.type === 'domain_death') return 'was destroyed';
  if (event.shutdownReason === 'crash')
    return 'crashed: its console says why (xl console, /var/log/xen/console)';
  return `shut down (${event.shutdownReason})`;
}
