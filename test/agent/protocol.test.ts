// SPDX-License-Identifier: Apache-2.0
// The agent greets, answers, and loses only the connection when a client breaks the rules.

import test from 'ava';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeFields, encodeFrame } from '../../toolstack/base/frame.js';
import { TestAgent } from '../support/agent/agent.js';
import { until, within } from '../support/within.js';

let agent: TestAgent;

test.beforeEach(() => {
  agent = TestAgent.launch();
});

test.afterEach.always(async () => {
  await agent.stop();
});

test.serial('it says hello on both channels, with version, channel and build', async (t) => {
  const control = await agent.connectControl();
  t.deepEqual({ ...control, build: '' }, { version: 1, wakes: 0, channel: 1, build: '' });
  t.regex(control.build, /thaw-agent/);
  t.is((await agent.connectData()).channel, 2);
  t.is(agent.state(), 'running');
});

test.serial('while a client is there nobody else finds the channel', async (t) => {
  const path = join(agent.folder, 'store/control.sock');
  await agent.connectControl();
  await until('it is withdrawn', () => !existsSync(path));
  agent.control.close();
  await until('it is back', () => existsSync(path));
  t.is((await agent.connectControl()).channel, 1);
});

test.serial('PING comes back, empty and with 4 MiB', async (t) => {
  await agent.connectControl();
  t.is((await agent.request(AgentType.PING)).length, 0);
  const large = Buffer.alloc(4194304, 'thaw');
  t.true(large.equals(await agent.request(AgentType.PING, large)));
});

const broken: [string, Buffer][] = [
  ['a payload above the maximum', Buffer.from('010040001000000001000000000000', 'hex')],
  ['an unknown type', encodeFrame(0x7f, 1, 0)],
  ['a type of the other direction', encodeFrame(AgentType.OK, 1, 0)],
  ['a type of the other channel', encodeFrame(0x30, 1, 0)],
  ['request id 0', encodeFrame(AgentType.PING, 0, 0)],
  ['noise', Buffer.alloc(4096, 0xa5)],
];

for (const [what, bytes] of broken) {
  test.serial(
    `${what} on control ends that connection only, and the next one is greeted`,
    async (t) => {
      await agent.connectControl();
      await agent.connectData();
      const first = agent.control;
      first.raw(bytes.length === 15 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes);
      await within(5000, 'the end of the connection', () => first.closed);
      t.is((await agent.connectControl()).channel, 1);
      t.is((await agent.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
      agent.data.send(0x32, 99, 1, Buffer.alloc(4)); // still open: the agent ignores a frame for an unknown process
      t.is((await agent.request(AgentType.PING, Buffer.from('y'))).toString(), 'y');
    },
  );
}

test.serial('a control frame on data ends the data connection only', async (t) => {
  await agent.connectControl();
  await agent.connectData();
  const first = agent.data;
  first.send(AgentType.PING, 1, 0);
  await within(5000, 'the end of the connection', () => first.closed);
  t.is((await agent.connectData()).channel, 2);
  t.is((await agent.request(AgentType.PING)).length, 0);
});

test.serial('a client that goes in mid-frame leaves no half frame to the next', async (t) => {
  for (let cut = 1; cut < 40; cut += 6) {
    await agent.connectControl();
    agent.control.raw(encodeFrame(AgentType.PING, 1, 0, Buffer.alloc(100)).subarray(0, cut));
    agent.control.close();
    t.is((await agent.connectControl()).channel, 1);
    t.is((await agent.request(AgentType.PING, Buffer.from('whole'))).toString(), 'whole');
    agent.control.close();
  }
});

test.serial('a client that asks and never reads is not waited for', async (t) => {
  const { socket } = await agent.connect('control');
  socket.socket.pause();
  for (let i = 1; i <= 40; i++) socket.send(AgentType.PING, i, 0, Buffer.alloc(100_000));
  await agent.connectData();
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.close();
  t.is((await agent.connectControl()).channel, 1);
  t.is((await agent.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
});

const malformed: [string, number, Buffer][] = [
  ['IDENTITY', AgentType.IDENTITY, Buffer.alloc(8)],
  [
    'IDENTITY with a short seed',
    AgentType.IDENTITY,
    Buffer.concat([Buffer.alloc(8), encodeFields(['x', 'host', '0'.repeat(32)])]),
  ],
  ['MOUNT', AgentType.MOUNT, Buffer.alloc(3)],
  [
    'MOUNT of 65 layers',
    AgentType.MOUNT,
    Buffer.concat([Buffer.from([65, 0, 0, 0]), Buffer.alloc(12), encodeFields(['a'])]),
  ],
  [
    'MOUNT of a path',
    AgentType.MOUNT,
    Buffer.concat([Buffer.from([1, 0, 0, 0]), Buffer.alloc(12), encodeFields(['../a', 'xvda'])]),
  ],
  ['RESIZE', AgentType.RESIZE, Buffer.alloc(17)],
  ['START', AgentType.START, Buffer.alloc(20)],
  [
    'START with a length beyond its end',
    AgentType.START,
    Buffer.concat([Buffer.alloc(16), Buffer.from([255, 255, 255, 255])]),
  ],
  ['KILL with signal 65', AgentType.KILL, Buffer.from([1, 0, 0, 0, 65, 0, 0, 0])],
  ['DELETE of a path', AgentType.DELETE, encodeFields(['a/b'])],
  ['DELETE of an option', AgentType.DELETE, encodeFields(['--all'])],
  ['UNMOUNT', AgentType.UNMOUNT, Buffer.from([1])],
  ['FREEZE', AgentType.FREEZE, Buffer.from([1])],
];

test.serial('a malformed request is answered with an error and the channel goes on', async (t) => {
  await agent.connectControl();
  for (const [what, type, payload] of malformed) {
    const error = await t.throwsAsync(agent.request(type, payload), undefined, what);
    t.is((error as unknown as { fault: number }).fault, AgentFault.MESSAGE, what);
  }
  t.is((await agent.request(AgentType.PING)).length, 0);
});
