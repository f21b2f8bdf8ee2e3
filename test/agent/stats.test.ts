// SPDX-License-Identifier: Apache-2.0
// STATS and PROCESSES refuse containers that they cannot measure, and CGROUP_STATS are empty then. (Stats of a real container: test/xen/thaw/stats.)

import test from 'ava';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { makeRootfs, startContainer } from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.run, 'roots/base/rootfs'));
});

test.after.always(async () => {
  await agent.stop();
});

for (const [name, type] of [
  ['STATS', AgentType.STATS],
  ['PROCESSES', AgentType.PROCESSES],
] as const)
  test.serial(`${name} is of a container that runs`, async (t) => {
    const fault = async (payload: Buffer) =>
      (await t.throwsAsync<Refusal>(agent.request(type, payload))).fault;
    t.is(await fault(encodeFields(['none'])), AgentFault.NOENT);
    t.is(await fault(encodeFields([])), AgentFault.MESSAGE);
    t.is(await fault(encodeFields(['a', 'b'])), AgentFault.MESSAGE);
    t.is(await fault(encodeFields(['../a'])), AgentFault.MESSAGE);
    const process = await startContainer(agent, `of-${type}`, ['sleep', '1000']);
    // This agent's containers share its cgroup, whose processes are not theirs.
    t.is(await fault(encodeFields([`of-${type}`])), AgentFault.INTERNAL);
    process.signal(9);
    await until('it has ended', () => process.exit !== undefined);
    t.is(await fault(encodeFields([`of-${type}`])), AgentFault.STATE);
  });

test.serial(
  'CGROUP_STATS of a container whose cgroup is not its own are five empty fields, as often as it is asked',
  async (t) => {
    const process = await startContainer(agent, 'stats', ['sleep', '1000']);
    for (let asked = 1; asked <= 3; asked++) {
      process.askStats();
      await until('it answers', () => process.stats.length === asked);
    }
    t.deepEqual(
      process.stats.map((fields) => fields.map(String)),
      Array(3).fill(Array(5).fill('')),
    );
    process.signal(9);
    process.askStats();
    await process.ended();
    t.deepEqual(process.complaints, []);
  },
);

test.serial(
  'who asks for CGROUP_STATS of one whose EXIT is on its way has no answer',
  async (t) => {
    const process = await startContainer(agent, 'over', ['sleep', '1000']);
    process.signal(9);
    await process.ended();
    // The agent has not deleted it yet.
    process.askStats();
    await (await startContainer(agent, 'later', ['true'])).ended();
    t.deepEqual(process.complaints, []);
    t.deepEqual(process.stats, []);
  },
);
