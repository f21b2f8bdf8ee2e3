// SPDX-License-Identifier: Apache-2.0
// How a domain ends for good: destroyed, its records removed, and no zombie left.

import { sleep } from '../base/deadline.js';
import { errorCode, ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import type { XenHost } from './host.js';

/**
 * Destroys a domain and waits until Xen no longer lists it. Idempotent: a domain that is gone, or whose number now belongs
 * to another (its uuid differs), is left alone. Rejects with ERR_XEN_ZOMBIE when someone still maps its memory.
 */
export async function destroyDomain(host: XenHost, domid: Domid, uuid: string): Promise<void> {
  if (!(await isSameDomain(host, domid, uuid))) return;
  try {
    await host.libxl.domainDestroy(domid);
  } catch (error) {
    if (errorCode(error) !== 'ERR_XEN_DOMAIN_NOTFOUND') throw error;
  }
  const deadline = performance.now() + GONE_MS;
  while (await isSameDomain(host, domid, uuid)) {
    if (performance.now() > deadline) {
      throw new ThawError(
        'ERR_XEN_ZOMBIE',
        `Domain ${domid} is destroyed but does not go away within ${GONE_MS / 1000} s: some process still maps its memory`,
      );
    }
    await sleep(GONE_POLL_MS);
  }
}

const GONE_MS = 20_000;
const GONE_POLL_MS = 20;

/** Whether the number still belongs to that domain, dying ones included. */
export async function isSameDomain(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  const domains = await host.libxl.listDomains();
  return domains.some((d) => d.domid === domid && d.uuid === uuid);
}
