// SPDX-License-Identifier: Apache-2.0
// How a guest is asked for a root filesystem made of layers.

import type { AgentLink } from './agent-link.js';
import { AgentType } from './wire.js';
import { encodeMount, type MountRequest } from './wire-guest.js';

/** A guest gives its kernel this long to see the layers' devices. */
const DEVICES_MS = 90_000;
/** For the answer, once the guest has given up. */
const ANSWER_MS = 5000;

/** Resolves when the guest has the root filesystem. The layers may come to it while it is asked. Rejects with ERR_AGENT_MOUNT and the like. */
export async function askMount(
  link: Pick<AgentLink, 'request'>,
  root: Omit<MountRequest, 'timeoutMs'>,
  timeoutMs = DEVICES_MS,
): Promise<void> {
  const request = encodeMount({ ...root, timeoutMs });
  await link.request(AgentType.MOUNT, request, 'the root filesystem', timeoutMs + ANSWER_MS);
}
