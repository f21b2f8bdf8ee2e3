// SPDX-License-Identifier: Apache-2.0
// Explains an agent's timeout by the state that Xen and the guest report. It runs before the guest is destroyed, when both can still be asked.

import type { AgentLink } from '../../agent/agent-link.js';
import { sleep } from '../../base/deadline.js';
import { describeError, errorCode, ThawError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import { formatBytes } from '../../base/text.js';
import { measureMemory } from '../../clone/template/boot.js';
import type { XenHost } from '../../xen/host.js';

/** Time over which the guest's CPU time is measured. */
const LOOK_MS = 1000;

/** Returns an agent's timeout with the state of its guest in the message, and any other error unchanged. Never rejects. */
export async function diagnoseTimeout(
  { libxl }: Pick<XenHost, 'libxl'>,
  domid: Domid,
  link: AgentLink,
  error: unknown,
  lookMs = LOOK_MS,
): Promise<unknown> {
  if (errorCode(error) !== 'ERR_AGENT_TIMEOUT') return error;
  const answer = measureMemory(link).then(
    (kib) => `its agent answers other requests, and has ${formatBytes(kib * 1024)} of memory`,
    (cause: unknown) => `its agent does not answer other requests: ${describeError(cause)}`,
  );
  const domain = async (): Promise<string> => {
    const before = await libxl.domainInfo(domid);
    await sleep(lookMs);
    const now = await libxl.domainInfo(domid);
    const state = now.paused ? 'paused' : now.blocked ? 'blocked' : 'running';
    const [used, all] = [now.cpuTimeNs - before.cpuTimeNs, now.cpuTimeNs].map(
      (ns) => `${(Number(ns) / 1e9).toFixed(2)} s`,
    );
    return `domain ${domid} is ${state} and used ${used} of CPU in ${lookMs / 1000} s, ${all} in all`;
  };
  const seen = await domain().catch((cause: unknown) => describeError(cause));
  const message = `${describeError(error)}; ${seen}; ${await answer}`;
  return new ThawError('ERR_AGENT_TIMEOUT', message, { cause: error });
}
