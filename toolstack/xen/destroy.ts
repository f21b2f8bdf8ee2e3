// SPDX-License-Identifier: Apache-2.0
// Destroys a domain, removes its records and waits until Xen no longer lists it.

import { sleep } from '../base/deadline.js';
import { errorCode, ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import type { XenHost } from './host.js';
import { removeDomainNodes } from './records.js';
import { changeStore } from './store-change.js';
import { removeUserdata } from './userdata.js';

/**
 * Destroys a domain, removes the records of libxl and thaw, and waits until Xen no longer lists it. The back ends of its devices find
 * their nodes gone and unmap its memory. Idempotent: for a destroyed domain it removes the records only. A domain whose number
 * now belongs to another one (the uuid differs) is left alone. Rejects with ERR_XEN_ZOMBIE when a process still maps its memory.
 *
 * libxl_domain_destroy would fork thawd for each domain and wait for each of its devices.
 */
export async function destroyDomain(host: XenHost, domid: Domid, uuid: string): Promise<void> {
  if (await isSameDomain(host, domid, uuid)) {
    try {
      await host.libxl.xcDomainDestroy(domid);
    } catch (error) {
      if (errorCode(error) !== 'ERR_XEN_DOMAIN_NOTFOUND') throw error;
    }
  }
  await changeStore(host, (tx) => removeDomainNodes(tx, domid, uuid));
  await removeUserdata(domid, uuid);
  await untilGone(host, domid, uuid);
}

async function untilGone(host: XenHost, domid: Domid, uuid: string): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  for (
    let waitMs = 1;
    await isSameDomain(host, domid, uuid);
    waitMs = Math.min(2 * waitMs, GONE_POLL_MS)
  ) {
    if (performance.now() > deadline) {
      throw new ThawError(
        'ERR_XEN_ZOMBIE',
        `Domain ${domid} is destroyed but does not go away within ${GONE_MS / 1000} s: some process still maps its memory`,
      );
    }
    await sleep(waitMs);
  }
}

const GONE_MS = 20_000;
const GONE_POLL_MS = 20;

/** Resolves with true while the domid belongs to the domain of that uuid, a dying one included. */
export async function isSameDomain(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  try {
    // Not libxl_domain_info, which logs an error for a domain that is not there.
    return (await host.libxl.domainAccounting(domid)).uuid === uuid;
  } catch (error) {
    if (errorCode(error) === 'ERR_XEN_DOMAIN_NOTFOUND') return false;
    throw error;
  }
}
