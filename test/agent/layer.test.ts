// SPDX-License-Identifier: Apache-2.0
// Layers sent over the data channel arrive complete. An incomplete layer never becomes part of a root filesystem.

import test from 'ava';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType, LAYER, LayerPart } from '../../toolstack/agent/wire.js';
import { encodeMount } from '../../toolstack/agent/wire-guest.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.beforeEach(async () => {
  agent = await TestAgent.start();
});

test.afterEach.always(async () => {
  await agent.stop();
});

function announce(number: number, size: number): void {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(BigInt(size));
  agent.data.send(LAYER, number, LayerPart.SIZE, payload);
}

function send(number: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 65536)
    agent.data.send(LAYER, number, LayerPart.BYTES, bytes.subarray(at, at + 65536));
}

async function mount(devices: string[], timeoutMs: number): Promise<Refusal | undefined> {
  const request = encodeMount({ rootfs: 'r', devices, timeoutMs, upperKib: 0 });
  return agent.request(AgentType.MOUNT, request).then(
    () => undefined,
    (error: unknown) => error as Refusal,
  );
}

function kept(number: number): Buffer {
  const path = join(agent.run, 'layers', String(number));
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}

test.serial('two layers arrive whole, one after the other', async (t) => {
  const [first, second] = [randomBytes(3_000_001), randomBytes(1)];
  announce(1, first.length);
  send(1, first);
  announce(2, second.length);
  send(2, second);
  await until('both are there', () => kept(1).length === first.length && kept(2).length === 1);
  t.deepEqual(kept(1), first);
  t.deepEqual(kept(2), second);
});

test.serial('MOUNT waits for the bytes, and then says that they are no file system', async (t) => {
  announce(1, 8192);
  const pending = mount(['layer-1'], 10_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  send(1, Buffer.alloc(8192, 0xee));
  const refusal = await pending;
  t.is(refusal?.fault, AgentFault.MOUNT);
  t.regex(refusal?.message ?? '', /layer-1/);
});

test.serial('bytes that do not come are an error that names the layer', async (t) => {
  announce(1, 8192);
  send(1, Buffer.alloc(8191));
  const refusal = await mount(['layer-1'], 200);
  t.is(refusal?.fault, AgentFault.DEVICE);
  t.regex(refusal?.message ?? '', /layer-1 did not all come/);
});

test.serial('a client that goes in the middle of a layer costs that layer only', async (t) => {
  announce(1, 8192);
  send(1, Buffer.alloc(100));
  await until('some are there', () => kept(1).length === 100);
  agent.data.close();
  await agent.connectData();
  t.is((await mount(['layer-1'], 5000))?.fault, AgentFault.MOUNT);
  announce(2, 1);
  send(2, Buffer.from('x'));
  await until('the next is there', () => kept(2).length === 1);
  t.pass();
});

for (const [what, break_] of [
  ['bytes of a layer that was not announced', () => send(3, Buffer.from('x'))],
  ['more bytes than announced', () => (announce(1, 1), send(1, Buffer.from('xx')))],
  ['a layer that is announced twice', () => (announce(1, 2), announce(1, 2))],
  ['a second layer before the first is whole', () => (announce(1, 2), announce(2, 2))],
  ['a layer of no bytes', () => announce(1, 0)],
  ['a number that is too high', () => announce(65, 1)],
  ['a part of an unknown kind', () => agent.data.send(LAYER, 1, 3, Buffer.from('x'))],
] as const) {
  test.serial(`${what}: the channel is closed, and the agent lives`, async (t) => {
    const gone = agent.data.closed;
    break_();
    await gone;
    await agent.connectData();
    t.is((await agent.request(AgentType.PING, Buffer.from('p'))).toString(), 'p');
  });
}
