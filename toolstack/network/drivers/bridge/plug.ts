// SPDX-License-Identifier: Apache-2.0
// Plugs a vif into a bridge while the kernel is still making it.

import { sleep, TimeoutError } from '../../../base/deadline.js';
import type { HostNetwork } from '../../host-network.js';

/** The most time to wait for an interface that the kernel has announced. */
const NEW_MS = 20_000;
const POLL_MS = 1;

/**
 * Waits for the vif, makes it a port of the bridge, and resolves when the bridge forwards its packets. Rejects with ERR_TIMEOUT, and with the
 * signal's reason.
 */
export async function plugNew(
  host: HostNetwork,
  vif: string,
  bridge: string,
  signal: AbortSignal,
): Promise<void> {
  await until(() => host.has(vif), `Cannot find ${vif}`, signal);
  await host.join(vif, bridge);
  await until(() => host.forwards(vif), `${vif} does not come up`, signal);
}

async function until(isSo: () => boolean, failure: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + NEW_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new TimeoutError(failure, NEW_MS);
    await sleep(POLL_MS, signal);
  }
}
