// SPDX-License-Identifier: Apache-2.0
// A clone gets an identity of its own, above all a unique seed.

import test from 'ava';
import type { AgentLink } from '../../../../toolstack/agent/agent-link.js';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { decodeFields } from '../../../../toolstack/base/frame.js';
import { identify } from '../../../../toolstack/sandbox/boot/identity.js';
import type { SandboxRecord } from '../../../../toolstack/sandbox/record.js';

test('an identity has the time, a seed of its own, hostname and machine-id', async (t) => {
  const sent: [number, Buffer][] = [];
  const link = {
    request: (type: number, payload: Buffer) => {
      sent.push([type, payload]);
      return Promise.resolve(Buffer.alloc(0));
    },
  } as unknown as AgentLink;
  const record = { hostname: 'web', machineId: 'ab'.repeat(16) } as unknown as SandboxRecord;
  await identify(link, record);
  await identify(link, record);
  const seeds = sent.map(([type, payload]) => {
    t.is(type, AgentType.IDENTITY);
    const ms = Number(payload.readBigUInt64LE(0) / 1_000_000n);
    t.true(Math.abs(ms - Date.now()) < 60_000);
    const [seed, hostname, machineId] = decodeFields(payload.subarray(8), 3);
    t.is(seed?.length, 64);
    t.is(String(hostname), 'web');
    t.is(String(machineId), record.machineId);
    return seed?.toString('hex');
  });
  t.not(seeds[0], seeds[1]);
});
