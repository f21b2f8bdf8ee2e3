// SPDX-License-Identifier: Apache-2.0
// A process's streams arrive complete and separate, and none blocks the rest.

import test from 'ava';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TestAgent } from '../support/agent/agent.js';
import { AgentType } from '../../toolstack/agent/wire.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.after.always(async () => {
  await agent.stop();
});

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('what goes in comes out of cat, byte for byte, 20 MiB of it', async (t) => {
  const bytes = randomBytes(20 * 1024 * 1024 + 7);
  const process = await startContainer(agent, 'cat', ['cat'], { isFed: true });
  await process.write(bytes);
  process.end();
  t.deepEqual(await process.ended(60_000), { kind: 'exited', code: 0 });
  t.is(process.stdout.bytes, bytes.length);
  t.is(process.stdout.digest(), sha(bytes));
  t.is(process.stderr.bytes, 0);
  await deleteContainer(agent, 'cat');
});

test('stdout and stderr stay apart and both end before EXIT', async (t) => {
  const process = await startContainer(agent, 'apart', [
    'sh',
    '-c',
    'echo out; echo err >&2; exit 3',
  ]);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 3 });
  t.is(process.stdout.text, 'out\n');
  t.is(process.stderr.text, 'err\n');
  t.is(process.order[0], '50:0');
  t.is(process.order.at(-1), '51:0');
  t.true(process.order.includes('49:1') && process.order.includes('49:2'));
  await deleteContainer(agent, 'apart');
});

test('a reader that stalls holds up only its own stream', async (t) => {
  const full = await startContainer(agent, 'full', ['yes'], { isAutoCredited: false });
  await until('its window is full', () => full.stdout.bytes === 262144);
  const other = await startContainer(agent, 'other', ['sh', '-c', 'yes | head -c 3000000']);
  t.deepEqual(await other.ended(), { kind: 'exited', code: 0 });
  t.is(other.stdout.bytes, 3_000_000);
  t.is((await agent.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
  t.is(full.stdout.bytes, 262144);
  full.grant(1, 100);
  await until('the credit is used', () => full.stdout.bytes === 262244);
  await deleteContainer(agent, 'full');
  await deleteContainer(agent, 'other');
});

test('control answers while a stream runs at full speed', async (t) => {
  const flood = await startContainer(agent, 'flood', ['yes']);
  await until('it flows', () => flood.stdout.bytes > 1_000_000);
  for (let i = 0; i < 20; i++) t.is((await agent.request(AgentType.PING, Buffer.from([i])))[0], i);
  await deleteContainer(agent, 'flood');
  t.deepEqual(await flood.ended(), { kind: 'signaled', signal: 9 });
});

test('a process that closes its stdin does not stall the sender', async (t) => {
  const process = await startContainer(agent, 'closed', ['sh', '-c', 'exec <&-; sleep 1; exit 5'], {
    isFed: true,
  });
  await process.write(Buffer.alloc(2_000_000));
  process.end();
  t.deepEqual(await process.ended(), { kind: 'exited', code: 5 });
  await deleteContainer(agent, 'closed');
});

test('EOF on stdout from dom0 breaks the pipe of the writer', async (t) => {
  const process = await startContainer(agent, 'pipe', ['yes'], { hasPidNamespace: false });
  await until('it flows', () => process.stdout.bytes > 0);
  process.stopReading(1);
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 13 });
  t.true(process.order.includes('49:1'));
  await deleteContainer(agent, 'pipe');
});

test('EXIT does not wait for what a process left behind with its pipe', async (t) => {
  const process = await startContainer(agent, 'leftover', ['sh', '-c', 'sleep 60 & echo done'], {
    hasPidNamespace: false,
  });
  t.deepEqual(await process.ended(3000), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, 'done\n');
  await deleteContainer(agent, 'leftover');
});

test('output that nobody has credited yet outlives its process', async (t) => {
  const process = await startContainer(agent, 'late', ['sh', '-c', 'yes | head -c 300000'], {
    isAutoCredited: false,
  });
  await until('its window is full', () => process.stdout.bytes === 262144);
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.is(process.exit, undefined);
  await deleteContainer(agent, 'late');
  process.grant(1, 262144);
  await process.ended();
  t.is(process.stdout.bytes, 300_000);
});
