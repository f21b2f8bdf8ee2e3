// SPDX-License-Identifier: Apache-2.0
// A client gets its container's stats, one answer for each request, also after the channel to the agent was replaced.

import test, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ATTACH, ATTACHED, CGROUP_STATS, LEAVE, LOST, OK, PAUSE, STATUS } = ApiType;
const answer = Buffer.from('whatever the guest says');

async function attached(t: ExecutionContext) {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const inside = sandbox.agent.begin(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 0);
  await client.nextOf(ATTACHED);
  return { sandbox, inside, client };
}

test('a question goes to the agent, its answer to who asked', async (t) => {
  const { sandbox, inside, client } = await attached(t);
  for (let asked = 1; asked <= 3; asked++) {
    client.send(CGROUP_STATS, 1, 0);
    await inside.until('it is asked', () => inside.asked === asked);
    sandbox.agent.peer.send(CGROUP_STATS, 1, 0, answer);
    t.deepEqual((await client.nextOf(CGROUP_STATS)).payload, answer);
  }
});

test('asked again before it has answered it is asked once, and may answer once', async (t) => {
  const { sandbox, inside, client } = await attached(t);
  for (let i = 0; i < 5; i++) client.send(CGROUP_STATS, 1, 0);
  await inside.until('it is asked', () => inside.asked === 1);
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  t.is(inside.asked, 1);
  sandbox.agent.peer.send(CGROUP_STATS, 1, 0, answer);
  await client.nextOf(CGROUP_STATS);
  sandbox.agent.peer.send(CGROUP_STATS, 1, 0, answer);
  t.regex((await sandbox.control.nextOf(LOST)).payload.toString(), /no client asked for/);
});

test('before its first frame a process is not asked; what nobody waits for any more is dropped', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const inside = sandbox.agent.begin(1, true, false);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 0);
  await client.nextOf(ATTACHED);
  client.send(CGROUP_STATS, 1, 0);
  t.is((await sandbox.status()).state, 'up');
  t.is(inside.asked, 0);
  inside.grant(262144);
  await inside.until('it is asked', () => inside.asked === 1);
  client.close();
  sandbox.agent.peer.send(CGROUP_STATS, 1, 0, answer);
  t.is((await sandbox.status()).state, 'up');
});

test('an agent that was let go of is asked anew', async (t) => {
  const { sandbox, inside, client } = await attached(t);
  client.send(CGROUP_STATS, 1, 0);
  await inside.until('it is asked', () => inside.asked === 1);
  const left = new Promise<void>((resolve) => {
    sandbox.agent.onOther(() => resolve());
  });
  sandbox.control.send(PAUSE, 0, 0);
  await left;
  sandbox.agent.peer.send(LEAVE, 0, 0);
  const again = sandbox.agent.accept();
  await sandbox.control.nextOf(OK);
  await again;
  sandbox.agent.hello();
  await until('it is asked again', () => inside.asked === 2);
  sandbox.agent.peer.send(CGROUP_STATS, 1, 0, answer);
  t.deepEqual((await client.nextOf(CGROUP_STATS)).payload, answer);
});

for (const [what, id, payload] of [
  ['a payload', 1, Buffer.from('x')],
  ['the number of another process', 2, undefined],
] as const)
  test(`a question with ${what} is the end of its client`, async (t) => {
    const { sandbox, client } = await attached(t);
    client.send(CGROUP_STATS, id, 0, payload);
    await client.closed;
    t.is((await sandbox.status()).state, 'up');
  });
