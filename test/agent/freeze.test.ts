// SPDX-License-Identifier: Apache-2.0
// The agent releases all its resources for a freeze, and works again as a new agent afterwards.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeIdentity } from '../../toolstack/agent/wire-guest.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.beforeEach(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.afterEach.always(async () => {
  await agent.stop();
});

const store = (name: string) => join(agent.folder, 'store', name);

test.serial(
  'it freezes when both clients have gone, and wakes with a new identity to come',
  async (t) => {
    for (let wakes = 1; wakes <= 3; wakes++) {
      const before = readdirSync(`/proc/${agent.pid}/fd`).length;
      await agent.request(AgentType.FREEZE);
      t.is(agent.state(), 'running');
      agent.control.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      t.is(agent.state(), 'running');
      agent.data.close();
      await until('it is frozen', () => agent.state() === 'frozen');
      t.false(existsSync(store('control.sock')));
      t.false(existsSync(store('data.sock')));
      writeFileSync(store('wake'), '1');
      t.is((await agent.connectControl()).wakes, wakes);
      t.is((await agent.connectData()).wakes, wakes);
      await until('it runs', () => agent.state() === 'running');
      await until('the wake node is gone', () => !existsSync(store('wake')));
      t.is(
        (await t.throwsAsync<Refusal>(startContainer(agent, 'early', ['true']))).fault,
        AgentFault.STATE,
      );
      await agent.identify();
      const process = await startContainer(agent, 'c', ['echo', 'awake']);
      await process.ended();
      t.is(process.stdout.text, 'awake\n');
      await deleteContainer(agent, 'c');
      t.is(readdirSync(`/proc/${agent.pid}/fd`).length, before);
    }
  },
);

test.serial(
  'a wake node that says something else does not wake it, a stale one neither',
  async (t) => {
    writeFileSync(store('wake'), '1');
    await agent.request(AgentType.FREEZE);
    agent.control.close();
    agent.data.close();
    await until('it is frozen', () => agent.state() === 'frozen');
    writeFileSync(store('wake'), '0');
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(agent.state(), 'frozen');
    writeFileSync(store('wake'), '1');
    t.is((await agent.connectControl()).wakes, 1);
  },
);

test.serial('it refuses while a container runs, and while it is about to freeze', async (t) => {
  await startContainer(agent, 'busy', ['sleep', '100']);
  t.is((await t.throwsAsync<Refusal>(agent.request(AgentType.FREEZE))).fault, AgentFault.BUSY);
  await deleteContainer(agent, 'busy');
  await agent.request(AgentType.FREEZE);
  t.is((await t.throwsAsync<Refusal>(agent.request(AgentType.FREEZE))).fault, AgentFault.BUSY);
});

test.serial('it gives up a freeze when dom0 keeps a channel open, and stays of use', async (t) => {
  await agent.request(AgentType.FREEZE);
  agent.data.close();
  await until('it gives up', () => agent.log.includes('given up'), 8000);
  t.is(agent.state(), 'running');
  t.is((await agent.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
  await agent.connectData();
  const process = await startContainer(agent, 'after', ['true']);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
});

test.serial('IDENTITY sets hostname and machine-id of the guest only', async (t) => {
  const own = readFileSync('/proc/sys/kernel/hostname', 'utf8');
  const machineId = randomBytes(16).toString('hex');
  await agent.request(
    AgentType.IDENTITY,
    encodeIdentity({ realtimeNs: 1n, seed: randomBytes(512), hostname: 'clone-7', machineId }),
  );
  t.is(readFileSync(join(agent.folder, 'etc/machine-id'), 'utf8'), `${machineId}\n`);
  t.is(readFileSync(join(agent.folder, 'run/machine-id'), 'utf8'), `${machineId}\n`);
  t.is(readFileSync('/proc/sys/kernel/hostname', 'utf8'), own);
  t.is(hostnameOf(agent.pid), 'clone-7');
});

function hostnameOf(pid: number): string {
  return execFileSync('nsenter', ['--uts', '--target', String(pid), 'hostname'], {
    encoding: 'utf8',
  }).trim();
}
