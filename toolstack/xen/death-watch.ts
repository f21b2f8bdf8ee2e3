// SPDX-License-Identifier: Apache-2.0
// Shares one libxl watch of a domain's end among all its listeners.

import type { DomainEvent } from '../../bindings/index.js';
import type { Domid } from '../base/ids.js';
import type { XenHost } from './host.js';

type Listener = (event: DomainEvent) => void;

/** libxl's watch of a domain, and its listeners. */
interface Shared {
  watch: { ready: Promise<void>; close(): void };
  listeners: Set<Listener>;
  closing?: NodeJS.Timeout;
}

const shared = new WeakMap<XenHost, Map<Domid, Shared>>();
/** A watch outlives its last listener by this time, since each step of a start listens anew and a new watch costs a turn of libxl's thread. */
const LINGER_MS = 1000;

/**
 * Calls `listener` when the domain shuts down and when it is destroyed; at once if it already is. After `close()` no call comes. All
 * listeners of a domain share one watch until it has reported something; a later listener gets a new one.
 */
export function onDomainDeath(
  host: XenHost,
  domid: Domid,
  listener: Listener,
): { ready: Promise<void>; close(): void } {
  const ofHost = shared.get(host) ?? new Map<Domid, Shared>();
  shared.set(host, ofHost);
  const known = ofHost.get(domid);
  const mine = known ?? watchAnew(host, domid, ofHost);
  // A function that listens twice is two listeners.
  const own: Listener = (event) => listener(event);
  clearTimeout(mine.closing);
  mine.listeners.add(own);
  const end = (): void => {
    if (mine.listeners.size > 0) return;
    if (ofHost.get(domid) === mine) ofHost.delete(domid);
    mine.watch.close();
  };
  return {
    ready: mine.watch.ready,
    close: () => {
      if (!mine.listeners.delete(own) || mine.listeners.size > 0) return;
      if (ofHost.get(domid) === mine) mine.closing = setTimeout(end, LINGER_MS).unref();
      else end();
    },
  };
}

function watchAnew(host: XenHost, domid: Domid, ofHost: Map<Domid, Shared>): Shared {
  const listeners = new Set<Listener>();
  const forget = (): void => {
    if (ofHost.get(domid) === mine) ofHost.delete(domid);
  };
  const watch = host.libxl.onDomainDeath(domid, (event) => {
    forget();
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(event);
    if (listeners.size === 0) watch.close();
  });
  const mine: Shared = { watch, listeners };
  ofHost.set(domid, mine);
  watch.ready.catch(forget);
  return mine;
}
