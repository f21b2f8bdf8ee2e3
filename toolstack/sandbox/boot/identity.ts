// SPDX-License-Identifier: Apache-2.0
// Gives a clone its own identity: seed, hostname, machine-id and clock.

import { randomBytes } from 'node:crypto';
import type { AgentLink } from '../../agent/agent-link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeIdentity } from '../../agent/wire-guest.js';
import type { SandboxRecord } from '../record.js';

const SEED_BYTES = 64;
const ANSWER_MS = 60_000;

/** Sends the clone the values that must differ in each clone. The agent reseeds the random generator before it answers. */
export async function identify(
  link: AgentLink,
  record: Pick<SandboxRecord, 'hostname' | 'machineId'>,
  timeoutMs = ANSWER_MS,
): Promise<void> {
  const identity = encodeIdentity({
    realtimeNs: BigInt(Date.now()) * 1_000_000n,
    seed: randomBytes(SEED_BYTES),
    hostname: record.hostname,
    machineId: record.machineId,
  });
  await link.request(AgentType.IDENTITY, identity, 'its identity', timeoutMs);
}
