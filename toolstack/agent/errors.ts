// SPDX-License-Identifier: Apache-2.0
// Errors for an agent that refuses a request or does not answer.

import { ThawError } from '../base/errors.js';
import { printable } from '../base/text.js';
import { AgentFault } from './wire.js';

/** The agent refused a request, or does not answer. Refusals carry the agent's own words. */
export class AgentError extends ThawError {}

/** Codes are ERR_AGENT_ and the fault's name in proto.h. */
export function agentRefusal(
  what: string,
  untrustedFault: number,
  untrustedText: Buffer,
): AgentError {
  const name =
    Object.entries(AgentFault).find(([, value]) => value === untrustedFault)?.[0] ?? 'UNKNOWN';
  const text = printable(untrustedText, 1000) || 'no reason given';
  return new AgentError(`ERR_AGENT_${name}`, `Agent refused ${what}: ${text}`);
}
