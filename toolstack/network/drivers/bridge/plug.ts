// SPDX-License-Identifier: Apache-2.0
// How a guest's first interface comes into a bridge of dom0.

import { sleep, TimeoutError } from '../../../base/deadline.js';
import type { HostNetwork } from './host-network.js';

/** The kernel has just said that it makes an interface. */
const NEW_MS = 20_000;
const LOOK_MS = 1;

/** Plugs the domain's end in dom0 into a bridge, or into none for ''. */
export async function plug(host: HostNetwork, domid: number, bridge: string): Promise<void> {
  await host.join(`vif${domid}.0`, bridge);
}

/**
 * As plug(), of one that the kernel is just making and connecting; resolves when what comes in there goes on. Rejects also with ERR_TIMEOUT,
 * and as `signal` says.
 */
export async function plugNew(
  host: HostNetwork,
  domid: number,
  bridge: string,
  signal: AbortSignal,
): Promise<void> {
  const name = `vif${domid}.0`;
  await until(() => host.has(name), `Cannot find ${name}`, signal);
  await plug(host, domid, bridge);
  await until(() => host.forwards(name), `${name} does not come up`, signal);
}

async function until(isSo: () => boolean, what: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + NEW_MS;
  while (!isSo()) {
    if (performance.now() > until) throw new TimeoutError(what, NEW_MS);
    await sleep(LOOK_MS, signal);
  }
}
