// SPDX-License-Identifier: Apache-2.0
// An interface gets exactly the addresses and routes that NETWORK gives.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeNetwork, type NetworkRequest } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { RUNTIME, TestAgent } from '../support/agent/agent.js';

let agent: TestAgent;

test.before(async () => {
  agent = TestAgent.launch(RUNTIME, true);
  await agent.connectControl();
});

test.after.always(async () => {
  await agent.stop();
});

const set = (change: Partial<NetworkRequest>) =>
  agent.request(AgentType.NETWORK, encodeNetwork({ interface: 'eth0', ...change }));

interface Link {
  address: string;
  mtu: number;
  flags: string[];
  addr_info: { local: string; prefixlen: number; scope: string }[];
}

function ip(...words: string[]): unknown {
  const inside = ['--net', '--target', String(agent.pid), 'ip', '-j', ...words];
  return JSON.parse(execFileSync('nsenter', inside, { encoding: 'utf8' }));
}

const link = () => (ip('addr', 'show', 'eth0') as Link[])[0];
const addresses = () =>
  link()
    ?.addr_info.filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
const gateways = (family: string) =>
  (ip(family, 'route', 'show', 'default') as { gateway: string }[]).map(({ gateway }) => gateway);

const v4 = (last: number) => ({
  address: Buffer.from([10, 0, 0, last]),
  prefix: 24,
  gateway: Buffer.from([10, 0, 0, 1]),
});
const v6 = (last: number) => ({
  address: Buffer.from([0xfd, ...Array<number>(14).fill(0), last]),
  prefix: 64,
  gateway: Buffer.from([0xfd, ...Array<number>(14).fill(0), 1]),
});

test.serial('it is up, with address, route, MAC and MTU', async (t) => {
  await set({ mac: Buffer.from('00163e010203', 'hex'), ipv4: v4(2), mtu: 1400 });
  t.like(link(), { address: '00:16:3e:01:02:03', mtu: 1400 });
  t.true(link()?.flags.includes('UP'));
  t.deepEqual(addresses(), ['10.0.0.2/24']);
  t.deepEqual(gateways('-4'), ['10.0.0.1']);
});

test.serial('what it is told next takes the place of that', async (t) => {
  await set({ ipv4: v4(3), ipv6: v6(3) });
  t.like(link(), { address: '00:16:3e:01:02:03', mtu: 1400 });
  t.deepEqual(addresses(), ['10.0.0.3/24', 'fd00::3/64']);
  t.deepEqual(gateways('-6'), ['fd00::1']);
  await set({ ipv6: v6(4) });
  t.deepEqual(addresses(), ['fd00::4/64']);
  t.deepEqual(gateways('-4'), []);
  await set({ ipv4: v4(5) });
  t.deepEqual(addresses(), ['10.0.0.5/24']);
  t.deepEqual(gateways('-6'), []);
});

test.serial('without an address it is down', async (t) => {
  await set({});
  t.deepEqual(addresses(), []);
  t.false(link()?.flags.includes('UP'));
  await set({});
});

test.serial('an interface that is not there, and what is malformed, are refused', async (t) => {
  const fault = async (payload: Buffer) =>
    (await t.throwsAsync<Refusal>(agent.request(AgentType.NETWORK, payload))).fault;
  t.is(await fault(encodeNetwork({ interface: 'eth9', ipv4: v4(2) })), AgentFault.DEVICE);
  const good = encodeNetwork({ interface: 'eth0', ipv4: v4(2) });
  const changed = (offset: number, value: number) => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(value, offset);
    return bytes;
  };
  const wrong = [
    good.subarray(0, 51),
    changed(0, 1),
    changed(6, 33),
    changed(7, 129),
    changed(48, 1),
    Buffer.concat([good, Buffer.alloc(4)]),
    Buffer.concat([good.subarray(0, 52), encodeFields(['e'.repeat(16)])]),
    Buffer.concat([good.subarray(0, 52), encodeFields(['../all'])]),
  ];
  for (const payload of wrong) t.is(await fault(payload), AgentFault.MESSAGE);
});
