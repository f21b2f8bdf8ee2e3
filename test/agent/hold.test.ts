// SPDX-License-Identifier: Apache-2.0
// A running container passes through a freeze and continues: seamlessly in the same guest, with its own identity in a new one.

import test from 'ava';
import { join } from 'node:path';
import { AgentFault, AgentType, Wake } from '../../toolstack/agent/wire.js';
import type { Refusal } from '../support/agent/agent-client.js';
import type { AgentProcess } from '../support/agent/agent-process.js';
import { TestAgent } from '../support/agent/agent.js';
import {
  beginContainer,
  deleteContainer,
  execInContainer,
  makeRootfs,
  ociConfig,
  startContainer,
} from '../support/agent/container.js';
import { freezeHeld, giveCgroup, hold, leave } from '../support/agent/hold.js';
import { until } from '../support/within.js';

let agent: TestAgent;
let takeAway: (() => void) | undefined;

test.beforeEach(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.afterEach.always(async () => {
  await agent.stop();
  takeAway?.();
});

const COUNT = ['sh', '-c', 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; sleep 0.01; done'];
const ALL = Array.from({ length: 300 }, (_, i) => `${i + 1}\n`).join('');

async function startCounter(): Promise<AgentProcess> {
  const process = await startContainer(agent, 'c', COUNT, { hasNetwork: true });
  takeAway = giveCgroup(agent);
  await until('it counts', () => process.stdout.text.includes('20\n'));
  return process;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.serial('in the same guest it goes on, and not a byte is lost or said twice', async (t) => {
  const process = await startCounter();
  await hold(agent, 'c');
  const held = process.stdout.bytes;
  await pause(100);
  t.is(process.stdout.bytes, held);
  await freezeHeld(agent, Wake.SAME);
  process.data = agent.data;
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, ALL);
  await deleteContainer(agent, 'c');
});

test.serial(
  'in a new one it waits for BEGIN, and only what it writes from then on is told',
  async (t) => {
    const before = await startCounter();
    await hold(agent, 'c');
    await freezeHeld(agent, Wake.NEW);
    t.is((await t.throwsAsync<Refusal>(beginContainer(agent, 'c'))).fault, AgentFault.STATE);
    await agent.identify();
    const at = before.stdout.bytes;
    await pause(100);
    t.is(before.stdout.bytes, at);
    const fed = await t.throwsAsync<Refusal>(beginContainer(agent, 'c', { isFed: true }));
    t.is(fed.fault, AgentFault.STATE);
    const process = await beginContainer(agent, 'c', { hostname: 'clone-1' });
    t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
    // Data in the pipe at the freeze belongs to the guest that was copied.
    t.true(ALL.endsWith(process.stdout.text));
    t.true(process.stdout.bytes < ALL.length && process.stdout.bytes > 100);
    await deleteContainer(agent, 'c');
  },
);

test.serial('a freeze that nobody goes on with is given up, and it runs on', async (t) => {
  const process = await startCounter();
  await hold(agent, 'c');
  t.is((await t.throwsAsync<Refusal>(hold(agent, 'c'))).fault, AgentFault.BUSY);
  await leave(agent);
  t.is(agent.state(), 'running');
  await until('it is given up', () => agent.log.includes('given up'), 30_000);
  await agent.connectData();
  process.data = agent.data;
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, ALL);
});

test.serial('one that is killed meanwhile has ended when its guest goes on', async (t) => {
  const process = await startCounter();
  await hold(agent, 'c');
  process.signal(9);
  await freezeHeld(agent, Wake.SAME);
  process.data = agent.data;
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
});

async function refused(container: string): Promise<number> {
  try {
    await hold(agent, container);
  } catch (error) {
    return (error as Refusal).fault;
  }
  throw new Error('The agent held it');
}

test.serial('what would not survive is refused by name, and nothing has stopped', async (t) => {
  t.is(await refused('none'), AgentFault.NOENT);
  const terminal = await startContainer(agent, 'tty', ['cat'], { hasTerminal: true });
  t.is(await refused('tty'), AgentFault.STREAMS);
  terminal.signal(9);
  await terminal.ended();
  t.is(await refused('tty'), AgentFault.STATE);
  await deleteContainer(agent, 'tty');

  const fed = await startContainer(agent, 'c', ['sh', '-c', 'cat; echo end; exec sleep 60'], {
    isFed: true,
    hasNetwork: true,
  });
  takeAway = giveCgroup(agent);
  t.is(await refused('c'), AgentFault.STREAMS);
  const exec = await execInContainer(agent, 'c', ['sleep', '60']);
  t.is(await refused('c'), AgentFault.BUSY);
  exec.signal(9);
  await exec.ended();
  fed.end();
  await until('its stdin has ended', () => fed.stdout.text === 'end\n');
  await hold(agent, 'c');
  await freezeHeld(agent, Wake.SAME);
  fed.data = agent.data;
  fed.signal(15);
  await agent.request(AgentType.PING);
  fed.signal(9);
  t.deepEqual((await fed.ended()).kind, 'signaled');
});

test.serial('open TCP connections are counted', async (t) => {
  const script = [
    // Port 7777 in the given state: 0A listens, 01 is connected.
    'have() { until grep -qs ":1E61 .* $1 " /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done; }',
    'nc -l -p 7777 -e sleep 60 & have 0A',
    'nc 127.0.0.1 7777 </dev/zero >/dev/null & have 01',
    'echo on; wait',
  ].join('\n');
  const process = await startContainer(agent, 'c', ['sh', '-c', script], { hasNetwork: true });
  takeAway = giveCgroup(agent);
  await until('they are connected', () => process.stdout.text === 'on\n');
  const refusal = await t.throwsAsync<Refusal>(hold(agent, 'c'));
  t.is(refusal.fault, AgentFault.TCP);
  t.regex(refusal.message, /^\d TCP connections? (is|are) open$/);
  process.signal(9);
  await process.ended();
});

test.serial(
  'a disk that it writes to is refused with its place, one that it reads is not',
  async (t) => {
    const start = async (option: string): Promise<AgentProcess> => {
      const args = ['sh', '-c', 'echo on; exec sleep 60'];
      const config = JSON.parse(ociConfig(agent, args, { hasNetwork: true })) as {
        mounts: object[];
      };
      const mount = { type: 'tmpfs', source: '/dev/xvdq', options: [option] };
      config.mounts.push({ destination: '/tmp', ...mount });
      const process = await startContainer(agent, 'c', [], { config: JSON.stringify(config) });
      await until('it runs', () => process.stdout.text === 'on\n');
      takeAway?.();
      takeAway = giveCgroup(agent);
      return process;
    };
    const writer = await start('rw');
    const refusal = await t.throwsAsync<Refusal>(hold(agent, 'c'));
    t.is(refusal.fault, AgentFault.VOLUME);
    t.regex(refusal.message, /^A volume is mounted on \S*\/tmp$/);
    writer.signal(9);
    await writer.ended();
    await deleteContainer(agent, 'c');
    const reader = await start('ro');
    await t.notThrowsAsync(hold(agent, 'c'));
    reader.signal(9);
  },
);
