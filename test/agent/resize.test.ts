// SPDX-License-Identifier: Apache-2.0
// RESIZE returns the guest's size, and reports a resize that was not fulfilled. (test/xen/agent tests growth itself.)

import test from 'ava';
import { readFileSync } from 'node:fs';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeResize } from '../../toolstack/agent/wire-guest.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';

let agent: TestAgent;

test.before(async () => {
  agent = TestAgent.launch();
  await agent.connectControl();
});

test.after.always(async () => {
  await agent.stop();
});

const online = () => readFileSync('/sys/devices/system/cpu/online', 'utf8');
const resize = (memoryKib: number, vcpus: number, timeoutMs: number) =>
  agent.request(AgentType.RESIZE, encodeResize({ memoryKib, vcpus, timeoutMs }));

test.serial('what is there already is answered at once', async (t) => {
  const answer = await resize(1, 0, 0);
  const total = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
  t.is(answer.readBigUInt64LE(0), BigInt(total));
  t.true(answer.readUInt32LE(8) >= 1);
});

test.serial('what does not come before the deadline is an error with figures', async (t) => {
  const before = online();
  const memory = await t.throwsAsync<Refusal>(resize(2 ** 40, 0, 50));
  t.is(memory.fault, AgentFault.RESIZE);
  t.regex(memory.message, /1099511627776 KiB/);
  t.is((await t.throwsAsync<Refusal>(resize(1, 4000, 50))).fault, AgentFault.RESIZE);
  t.is(online(), before);
});

test.serial('other requests are answered meanwhile', async (t) => {
  const pending = resize(2 ** 40, 0, 400);
  t.is((await agent.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
  await t.throwsAsync(pending);
});
