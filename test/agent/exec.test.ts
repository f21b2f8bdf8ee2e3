// SPDX-License-Identifier: Apache-2.0
// An additional process runs like the container's first one, ends with it at the latest, and leaves nothing behind.

import test from 'ava';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeExec, encodeKill } from '../../toolstack/agent/wire-process.js';
import type { Refusal } from '../support/agent/agent-client.js';
import type { AgentProcess } from '../support/agent/agent-process.js';
import { TestAgent } from '../support/agent/agent.js';
import {
  deleteContainer,
  execInContainer,
  makeRootfs,
  startContainer,
  type ContainerOptions,
} from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;
let first: AgentProcess;

test.beforeEach(async () => {
  agent = await TestAgent.start();
  const rootfs = join(agent.folder, 'run/roots/base/rootfs');
  makeRootfs(rootfs);
  writeFileSync(join(rootfs, 'noise'), Buffer.alloc(64, 0xff), { mode: 0o755 });
  writeFileSync(join(rootfs, 'plain'), 'no program\n', { mode: 0o644 });
  writeFileSync(join(rootfs, 'lost'), '#!/bin/none\n', { mode: 0o755 });
  first = await startContainer(agent, 'c', ['sh', '-c', 'echo up; sleep 1000']);
  await until('it is up', () => first.stdout.text === 'up\n');
});

test.afterEach.always(async () => {
  await agent.stop();
});

const fault = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    return (error as Refusal).fault;
  }
  throw new Error('It was not refused');
};

const exec = (args: string[], options?: ContainerOptions & { process?: object }) =>
  execInContainer(agent, 'c', args, options);

const leftovers = () =>
  readdirSync(join(agent.run, 'containers/c')).filter((name) => name.startsWith('exec'));

test.serial('it shares the container, has streams and a status of its own', async (t) => {
  const process = await exec(['sh', '-c', 'hostname; cat; echo err >&2; exit 7'], { isFed: true });
  await process.write('fed\n');
  process.end();
  t.deepEqual(await process.ended(), { kind: 'exited', code: 7 });
  t.is(process.stdout.text, 'container\nfed\n');
  t.is(process.stderr.text, 'err\n');
  t.is(first.stdout.text, 'up\n');
  t.is(first.exit, undefined);
});

test.serial('user, folder and environment are those of its process.json', async (t) => {
  const process = await exec(['sh', '-c', 'id -u; id -g; id -G; pwd; echo $A'], {
    process: {
      user: { uid: 7, gid: 8, additionalGids: [9] },
      cwd: '/tmp',
      env: ['PATH=/bin', 'A=b c'],
      capabilities: { bounding: [], effective: [], permitted: [] },
    },
  });
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, '7\n8\n8 9\n/tmp\nb c\n');
});

test.serial('a terminal is its own, in the size asked for', async (t) => {
  const process = await exec(['sh', '-c', 'stty size; read line; echo got $line'], {
    isFed: true,
    hasTerminal: true,
    rows: 33,
    cols: 101,
    process: { consoleSize: { height: 33, width: 101 } },
  });
  // Input typed before the command is echoed before it.
  await until('it knows its size', () => process.stdout.text === '33 101\r\n');
  await process.write('word\n');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, '33 101\r\nword\r\ngot word\r\n');
});

test.serial('SIGNAL and KILL reach it alone', async (t) => {
  const trap = await exec([
    'sh',
    '-c',
    'trap "exit 5" TERM; echo up; while :; do sleep 0.01; done',
  ]);
  await until('it has its trap', () => trap.stdout.text === 'up\n');
  trap.signal(15);
  t.deepEqual(await trap.ended(), { kind: 'exited', code: 5 });
  const sleep = await exec(['sleep', '1000']);
  await agent.request(AgentType.KILL, encodeKill(sleep.id, 9));
  t.deepEqual(await sleep.ended(), { kind: 'signaled', signal: 9 });
  t.is(first.exit, undefined);
});

test.serial(
  'one that is over before anybody knows its pid is told right, every time',
  async (t) => {
    for (let round = 0; round < 60; round++) {
      const process = await exec(['sh', '-c', `echo ${round}; exit ${round}`]);
      t.deepEqual(await process.ended(), { kind: 'exited', code: round });
      t.is(process.stdout.text, `${round}\n`);
    }
  },
);

test.serial('hundreds of them leave no descriptor, folder, id or process', async (t) => {
  const descriptors = readdirSync(`/proc/${agent.pid}/fd`).length;
  for (let round = 0; round < 20; round++) {
    const wave = Array.from({ length: 20 }, () => exec(['true']));
    for (const process of await Promise.all(wave))
      t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  }
  t.deepEqual(leftovers(), []);
  t.is(readdirSync(`/proc/${agent.pid}/fd`).length, descriptors);
});

test.serial('an id is free once its EXIT is sent', async (t) => {
  const process = await exec(['true']);
  await process.ended();
  const again = encodeExec({
    process: process.id,
    flags: 0,
    rows: 0,
    cols: 0,
    container: 'c',
    processJson: JSON.stringify({ args: ['/bin/true'], cwd: '/', user: { uid: 0, gid: 0 } }),
  });
  t.is((await agent.request(AgentType.EXEC, again)).length, 4);
});

test.serial('what cannot run is said, and leaves the container alone', async (t) => {
  t.is(await fault(exec(['nonesuch'])), AgentFault.CMD_NOENT);
  t.is(await fault(exec(['/bin/none/such'])), AgentFault.CMD_NOENT);
  t.is(await fault(exec(['/plain'])), AgentFault.CMD_NOEXEC);
  t.is(await fault(exec(['/noise'])), AgentFault.CMD_NOEXEC);
  t.is(await fault(exec(['/lost'])), AgentFault.CMD_NOENT);
  t.is(await fault(exec(['/noise'], { hasTerminal: true })), AgentFault.CMD_NOEXEC);
  t.is(await fault(exec(['true'], { process: { cwd: '/nonesuch' } })), AgentFault.CRUN);
  t.is(await fault(exec(['true'], { process: { args: 3 } })), AgentFault.CRUN);
  t.deepEqual(leftovers(), []);
  t.is(first.exit, undefined);
  const process = await exec(['true']);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
});

test.serial('without a running container it is refused', async (t) => {
  t.is(await fault(execInContainer(agent, 'other', ['true'])), AgentFault.NOENT);
  t.is(await fault(agent.request(AgentType.EXEC, Buffer.alloc(11))), AgentFault.MESSAGE);
  const same = { process: first.id, flags: 0, rows: 0, cols: 0, container: 'c', processJson: '{}' };
  t.is(await fault(agent.request(AgentType.EXEC, encodeExec(same))), AgentFault.EXISTS);
  first.signal(9);
  await first.ended();
  t.is(await fault(exec(['true'])), AgentFault.STATE);
  await deleteContainer(agent, 'c');
  t.is(await fault(exec(['true'])), AgentFault.NOENT);
});

test.serial('it dies with the container, and its end is told', async (t) => {
  const process = await exec(['sh', '-c', 'echo up; sleep 1000']);
  await until('it is up', () => process.stdout.text === 'up\n');
  first.signal(9);
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
  t.deepEqual(await first.ended(), { kind: 'signaled', signal: 9 });
  await deleteContainer(agent, 'c');
  t.false(existsSync(join(agent.run, 'containers/c')));
});

test.serial('DELETE ends it even where no pid namespace does', async (t) => {
  await startContainer(agent, 'open', ['sleep', '1000'], { hasPidNamespace: false });
  const process = await execInContainer(agent, 'open', ['sleep', '1000']);
  await deleteContainer(agent, 'open');
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
});

test.serial('a container that dies while an exec starts harms nobody', async (t) => {
  for (let round = 0; round < 10; round++) {
    const victim = await startContainer(agent, 'v', ['sleep', '1000']);
    const racing = execInContainer(agent, 'v', ['sleep', '1000']).then(
      (process) => process.ended(),
      (error: Refusal) => error.fault,
    );
    await new Promise((resolve) => setTimeout(resolve, round));
    victim.signal(9);
    await victim.ended();
    const outcome = await racing;
    if (typeof outcome !== 'number') t.deepEqual(outcome, { kind: 'signaled', signal: 9 });
    await deleteContainer(agent, 'v');
    t.false(existsSync(join(agent.run, 'containers/v')));
  }
});

test.serial('FREEZE waits for it', async (t) => {
  const process = await exec(['sleep', '1000']);
  first.signal(9);
  await process.ended();
  await deleteContainer(agent, 'c');
  const open = await startContainer(agent, 'open', ['sleep', '1000'], { hasPidNamespace: false });
  const survivor = await execInContainer(agent, 'open', ['sleep', '1000']);
  open.signal(9);
  await open.ended();
  t.is(await fault(agent.request(AgentType.FREEZE)), AgentFault.BUSY);
  survivor.signal(9);
  await survivor.ended();
});
