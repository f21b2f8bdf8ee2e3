// SPDX-License-Identifier: Apache-2.0
// thawd's link to an agent: hello first, one answer for each request. A hostile guest harms only its own link.

import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentLink } from '../../../toolstack/agent/agent-link.js';
import {
  AgentFault,
  AgentType,
  PROTO_MAGIC,
  PROTO_VERSION,
} from '../../../toolstack/agent/wire.js';
import { encodeFields } from '../../../toolstack/base/frame.js';
import { FrameSocket } from '../../support/shim/frame-socket.js';

function helloBytes(magic = PROTO_MAGIC, version = PROTO_VERSION): Buffer {
  const head = Buffer.alloc(16);
  [magic, version, 2, 1].forEach((value, i) => head.writeUInt32LE(value, 4 * i));
  return Buffer.concat([head, encodeFields(['build\u001b'])]);
}

const sayHello = (agent: FrameSocket): void => void agent.send(AgentType.HELLO, 0, 0, helloBytes());

/** An agent's side of the channel: `greet` runs when thawd has connected. */
async function agentSide(t: ExecutionContext, greet: (agent: FrameSocket, count: number) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-link-'));
  const path = join(folder, 'sock');
  const agents: FrameSocket[] = [];
  const server: Server = createServer((socket) => {
    const agent = new FrameSocket(socket, 2 ** 22);
    agents.push(agent);
    greet(agent, agents.length);
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(async () => {
    for (const agent of agents) agent.close();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const link = (timeoutMs = 5000, signal?: AbortSignal, isOnly = false) =>
    AgentLink.connect(
      async () => {
        const socket = connect(path);
        await once(socket, 'connect');
        return socket;
      },
      { timeoutMs, signal, once: isOnly },
    );
  return { agents, link };
}

async function linked(t: ExecutionContext) {
  const { agents, link } = await agentSide(t, sayHello);
  const made = await link();
  const [agent] = agents;
  if (agent === undefined) throw new Error('Nobody connected');
  return { link: made, agent };
}

test('a hello makes a link that knows whom it speaks to', async (t) => {
  const { link } = await linked(t);
  t.deepEqual(link.hello, { version: PROTO_VERSION, wakes: 2, channel: 1, build: 'build' });
});

test('answers find their requests in any order', async (t) => {
  const { link, agent } = await linked(t);
  const one = link.request(AgentType.PING, Buffer.from('1'), 'one', 5000);
  const two = link.request(AgentType.PING, Buffer.from('2'), 'two', 5000);
  const [first, second] = [await agent.next(), await agent.next()];
  t.not(first?.id, second?.id);
  agent.send(AgentType.OK, second?.id ?? 0, 0, second?.payload);
  agent.send(AgentType.OK, first?.id ?? 0, 0, first?.payload);
  t.deepEqual((await Promise.all([one, two])).map(String), ['1', '2']);
});

test('each refusal has the code of its fault, and words fit for a terminal', async (t) => {
  const { link, agent } = await linked(t);
  const faults: [string, number][] = [...Object.entries(AgentFault), ['UNKNOWN', 4711]];
  for (const [name, fault] of faults) {
    const asked = link.request(AgentType.START, Buffer.alloc(0), 'the start', 5000);
    const frame = await agent.next();
    agent.send(AgentType.ERROR, frame?.id ?? 0, fault, Buffer.from('\u001b[2Jno\n'));
    const error = await t.throwsAsync(asked, { code: `ERR_AGENT_${name}` });
    t.false(/\p{Cc}/u.test(error.message));
  }
});

test('no answer in time is ERR_AGENT_TIMEOUT, and one that comes late does no harm', async (t) => {
  const { link, agent } = await linked(t);
  const slow = link.request(AgentType.PING, Buffer.alloc(0), 'the ping', 20);
  await t.throwsAsync(slow, { code: 'ERR_AGENT_TIMEOUT' });
  const frame = await agent.next();
  agent.send(AgentType.OK, frame?.id ?? 0, 0);
  const next = link.request(AgentType.PING, Buffer.alloc(0), 'the ping', 5000);
  agent.send(AgentType.OK, (await agent.next())?.id ?? 0, 0, Buffer.from('pong'));
  t.is(String(await next), 'pong');
});

test('an agent that answers a request twice, late or not, is no agent', async (t) => {
  for (const timeoutMs of [20, 5000]) {
    const { link, agent } = await linked(t);
    const asked = link.request(AgentType.PING, Buffer.alloc(0), 'the ping', timeoutMs);
    const id = (await agent.next())?.id ?? 0;
    if (timeoutMs === 20) await t.throwsAsync(asked, { code: 'ERR_AGENT_TIMEOUT' });
    agent.send(AgentType.OK, id, 0);
    if (timeoutMs > 20) await asked;
    agent.send(AgentType.OK, id, 0);
    t.regex((await link.closed).message, /answered request \d+, which waits for none/);
  }
});

test('an agent that goes away rejects what was asked, and later questions too', async (t) => {
  const { link, agent } = await linked(t);
  const asked = link.request(AgentType.PING, Buffer.alloc(0), 'the ping', 5000);
  await agent.next();
  agent.close();
  await t.throwsAsync(asked, { code: 'ERR_AGENT_CLOSED' });
  t.true((await link.closed) instanceof Error);
  await t.throwsAsync(link.request(AgentType.PING, Buffer.alloc(0), 'the ping', 5000), {
    code: 'ERR_AGENT_CLOSED',
  });
  t.notThrows(() => link.close());
});

const nonsense: [string, (agent: FrameSocket, id: number) => void][] = [
  ['an answer to nothing', (agent) => void agent.send(AgentType.OK, 99, 0)],
  ['an answer of no kind', (agent, id) => void agent.send(AgentType.HELLO, id, 0)],
  ['a frame above the maximum', (agent) => agent.raw(Buffer.alloc(16, 0xff))],
];
for (const [what, send] of nonsense) {
  test(`${what} ends the link with ERR_PROTOCOL`, async (t) => {
    const { link, agent } = await linked(t);
    const asked = link.request(AgentType.PING, Buffer.alloc(0), 'the ping', 5000);
    send(agent, (await agent.next())?.id ?? 0);
    await t.throwsAsync(asked, { code: 'ERR_PROTOCOL' });
    await agent.closed;
  });
}

const badHellos: [string, (agent: FrameSocket) => void][] = [
  ['another message', (agent) => void agent.send(AgentType.OK, 1, 0)],
  ['a short hello', (agent) => void agent.send(AgentType.HELLO, 0, 0, Buffer.alloc(15))],
  ['another magic', (agent) => void agent.send(AgentType.HELLO, 0, 0, helloBytes(1))],
  [
    'another version',
    (agent) => void agent.send(AgentType.HELLO, 0, 0, helloBytes(PROTO_MAGIC, 2)),
  ],
  ['a frame above the maximum', (agent) => agent.raw(Buffer.alloc(16, 0xff))],
];
for (const [what, greet] of badHellos) {
  test(`${what} first is refused at once`, async (t) => {
    const { link, agents } = await agentSide(t, greet);
    await t.throwsAsync(link(), { code: 'ERR_PROTOCOL' });
    t.is(agents.length, 1);
    await agents[0]?.closed;
  });
}

test('an agent that says nothing is ERR_AGENT_HELLO when time is up', async (t) => {
  const { link } = await agentSide(t, () => undefined);
  await t.throwsAsync(link(100), { code: 'ERR_AGENT_HELLO' });
});

test('a channel that closes before its hello is tried again', async (t) => {
  const { link, agents } = await agentSide(t, (agent, count) =>
    count < 3 ? agent.close() : sayHello(agent),
  );
  t.is((await link()).hello.version, PROTO_VERSION);
  t.is(agents.length, 3);
});

test('the only channel there is gets all the time, and is opened once', async (t) => {
  const late = await agentSide(t, (agent) => void setTimeout(() => sayHello(agent), 5500));
  const closed = await agentSide(t, (agent) => agent.close());
  const [link] = await Promise.all([
    late.link(30_000, undefined, true),
    t.throwsAsync(closed.link(30_000, undefined, true), { code: 'ERR_AGENT_HELLO' }),
  ]);
  t.is(link.hello.version, PROTO_VERSION);
  t.deepEqual([late.agents.length, closed.agents.length], [1, 1]);
});

test('a signal ends the wait for a hello', async (t) => {
  const { link } = await agentSide(t, () => undefined);
  const controller = new AbortController();
  const reason = new Error('client gone');
  const waiting = link(60_000, controller.signal);
  setTimeout(() => controller.abort(reason), 20);
  t.is(await t.throwsAsync(waiting), reason);
});
