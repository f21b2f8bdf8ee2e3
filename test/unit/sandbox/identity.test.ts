// SPDX-License-Identifier: Apache-2.0
// A clone is woken before it runs, and gets a seed that no other has.

import test from 'ava';
import type { AgentLink } from '../../../toolstack/agent/link.js';
import { AgentType } from '../../../toolstack/agent/wire.js';
import { decodeFields } from '../../../toolstack/base/frame.js';
import { asDomid } from '../../../toolstack/base/ids.js';
import { identify, wakeDomain } from '../../../toolstack/sandbox/identity.js';
import type { SandboxRecord } from '../../../toolstack/sandbox/record.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';
import { joinFake } from '../../support/xenstore.js';

test('the wake-up call is in xenstore before the domain runs', async (t) => {
  const { client, fake } = await joinFake(t);
  const libxl = new FakeLibxl();
  let seen: string | undefined;
  Object.assign(libxl, {
    domainUnpause: (domid: number) => {
      seen = fake.text(`/local/domain/${domid}/data/thaw/wake`);
      return Promise.resolve();
    },
  });
  await wakeDomain(fakeXenHost(libxl, client), asDomid(7));
  t.is(seen, '1');
});

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
