// SPDX-License-Identifier: Apache-2.0
// LIMIT refuses limits that it cannot apply. (Limits of a real container: test/xen/thaw/update.)

import test from 'ava';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeLimit } from '../../toolstack/agent/wire-process.js';
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

test.serial(
  'LIMIT is of a container that runs, with four fields, none of which is long',
  async (t) => {
    const fault = async (payload: Buffer) =>
      (await t.throwsAsync<Refusal>(agent.request(AgentType.LIMIT, payload))).fault;
    const limit = (container: string, cpuMax = '', pidsMax = '', memoryMax = '', freeze = '') =>
      encodeLimit({ container, cpuMax, pidsMax, memoryMax, freeze });
    t.is(await fault(limit('none')), AgentFault.NOENT);
    t.is(await fault(limit('../a')), AgentFault.MESSAGE);
    t.is(await fault(limit('none', 'x'.repeat(65))), AgentFault.MESSAGE);
    t.is(await fault(limit('none', '', 'x'.repeat(65))), AgentFault.MESSAGE);
    t.is(await fault(limit('none', '', '', 'x'.repeat(65))), AgentFault.MESSAGE);
    t.is(await fault(limit('none', '', '', '', 'x'.repeat(65))), AgentFault.MESSAGE);
    t.is(await fault(encodeFields(['none', '', '', ''])), AgentFault.MESSAGE);
    t.is(await fault(encodeFields(['none', '', '', '', '', ''])), AgentFault.MESSAGE);
    const process = await startContainer(agent, 'limited', ['sleep', '1000']);
    // This agent's containers share its cgroup, whose limits are not theirs.
    t.is(await fault(limit('limited', '', '10')), AgentFault.INTERNAL);
    process.signal(9);
    await until('it has ended', () => process.exit !== undefined);
    t.is(await fault(limit('limited')), AgentFault.STATE);
  },
);
