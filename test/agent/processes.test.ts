// SPDX-License-Identifier: Apache-2.0
// A container starts, ends and disappears on request. A failed start gives the reason and leaves nothing behind.

import test from 'ava';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeKill } from '../../toolstack/agent/wire-process.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import {
  deleteContainer,
  makeRootfs,
  startContainer,
  type ContainerOptions,
} from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  const rootfs = join(agent.folder, 'run/roots/base/rootfs');
  makeRootfs(rootfs);
  mkdirSync(join(rootfs, 'data'));
  writeFileSync(join(rootfs, 'data/plain'), 'no program\n', { mode: 0o644 });
  writeFileSync(join(rootfs, 'data/noise'), Buffer.alloc(64, 0xff), { mode: 0o755 });
  writeFileSync(join(rootfs, 'data/lost'), '#!/bin/none\n', { mode: 0o755 });
});

test.after.always(async () => {
  await agent.stop();
});

async function refusal(
  container: string,
  args: string[],
  options?: ContainerOptions,
): Promise<Refusal> {
  try {
    await startContainer(agent, container, args, options);
  } catch (error) {
    return error as Refusal;
  }
  throw new Error(`${args.join(' ')} started`);
}

const descriptors = () => readdirSync(`/proc/${agent.pid}/fd`).length;

test.serial('exit codes come through, 0 to 255', async (t) => {
  for (const code of [0, 1, 2, 126, 127, 128, 137, 255]) {
    const process = await startContainer(agent, 'code', ['sh', '-c', `exit ${code}`]);
    t.deepEqual(await process.ended(), { kind: 'exited', code });
    await deleteContainer(agent, 'code');
  }
});

test.serial('KILL and SIGNAL reach the process, and its death by them is told', async (t) => {
  const process = await startContainer(agent, 'trap', [
    'sh',
    '-c',
    'trap "echo hup" HUP; echo up; while :; do sleep 0.1; done',
  ]);
  await until('it runs', () => process.stdout.text.includes('up'));
  process.signal(1);
  await until('the trap ran', () => process.stdout.text.includes('hup'));
  await agent.request(AgentType.KILL, encodeKill(process.id, 1));
  await until('the trap ran again', () => process.stdout.text === 'up\nhup\nhup\n');
  await agent.request(AgentType.KILL, encodeKill(process.id, 9));
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
  const late = await t.throwsAsync<Refusal>(
    agent.request(AgentType.KILL, encodeKill(process.id, 9)),
  );
  t.is(late.fault, AgentFault.NOENT);
  await deleteContainer(agent, 'trap');
});

test.serial('a program that does not exist is CMD_NOENT', async (t) => {
  for (const args of [['nonesuch'], ['/bin/nonesuch'], ['./nonesuch'], ['/data/lost']]) {
    const error = await refusal('noent', args);
    t.is(error.fault, AgentFault.CMD_NOENT, `${args.join(' ')}: ${error.message}`);
  }
});

test.serial('a program that cannot be executed is CMD_NOEXEC', async (t) => {
  for (const args of [['/data/plain'], ['/data'], ['/data/noise'], ['/data/plain/below']]) {
    const error = await refusal('noexec', args);
    t.is(error.fault, AgentFault.CMD_NOEXEC, `${args.join(' ')}: ${error.message}`);
  }
});

test.serial('on a terminal a program that cannot be executed is told the same', async (t) => {
  t.is((await refusal('tty', ['/data/noise'], { hasTerminal: true })).fault, AgentFault.CMD_NOEXEC);
  t.is((await refusal('tty', ['nonesuch'], { hasTerminal: true })).fault, AgentFault.CMD_NOENT);
});

test.serial("crun's own failure comes with its words", async (t) => {
  const error = await refusal('bad', ['true'], { config: '{"ociVersion":"1.0.0"}' });
  t.is(error.fault, AgentFault.CRUN);
  t.true(error.message.length > 5, error.message);
});

test.serial('a failed start leaves nothing and its names are free', async (t) => {
  const before = descriptors();
  for (let i = 0; i < 5; i++) await refusal('gone', ['nonesuch'], { isFed: true });
  await refusal('gone', ['/data/noise']);
  t.is(descriptors(), before);
  t.deepEqual(readdirSync(join(agent.folder, 'run/containers')), []);
  t.deepEqual(readdirSync(join(agent.folder, 'run/crun')), []);
  const process = await startContainer(agent, 'gone', ['true']);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  await deleteContainer(agent, 'gone');
});

test.serial('names and ids in use are refused, unknown roots too', async (t) => {
  const process = await startContainer(agent, 'used', ['sleep', '100']);
  t.is((await refusal('used', ['true'])).fault, AgentFault.EXISTS);
  t.is((await refusal('other', ['true'], { rootfs: 'none' })).fault, AgentFault.NOENT);
  await deleteContainer(agent, 'used');
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
});

test.serial('files of START are in the bundle before the program runs', async (t) => {
  const process = await startContainer(agent, 'files', ['true'], {
    files: { 'resolv.conf': 'nameserver 10.0.0.1\n', hosts: '' },
  });
  t.deepEqual(readdirSync(join(agent.folder, 'run/containers/files/files')).sort(), [
    'hosts',
    'resolv.conf',
  ]);
  await process.ended();
  await deleteContainer(agent, 'files');
  for (const name of ['.', '..', 'a/b', ''])
    t.is((await refusal('files', ['true'], { files: { [name]: 'x' } })).fault, AgentFault.MESSAGE);
  t.false(existsSync(join(agent.folder, 'run/containers/files')));
});

test.serial('DELETE is idempotent, of a running container too', async (t) => {
  await deleteContainer(agent, 'never');
  const process = await startContainer(agent, 'running', ['sleep', '100']);
  await deleteContainer(agent, 'running');
  await deleteContainer(agent, 'running');
  t.deepEqual(await process.ended(), { kind: 'signaled', signal: 9 });
  t.deepEqual(readdirSync(join(agent.folder, 'run/containers')), []);
});

test.serial('orphans of a container are reaped', async (t) => {
  const process = await startContainer(
    agent,
    'orphans',
    ['sh', '-c', '(sleep 0.2 &) ; (sleep 0.3 &); exit 0'],
    { hasPidNamespace: false },
  );
  await process.ended();
  await deleteContainer(agent, 'orphans');
  await until('all children are gone', () => children(agent.pid) === 0);
  t.pass();
});

function children(pid: number): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid).length;
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

test.serial('a control client that goes changes nothing for its containers', async (t) => {
  const process = await startContainer(agent, 'stays', ['sh', '-c', 'read line; echo "$line"'], {
    isFed: true,
  });
  agent.control.close();
  await agent.connectControl();
  await process.write('still here\n');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, 'still here\n');
  await deleteContainer(agent, 'stays');
});

test.serial('200 short containers, ten at a time, leave no descriptor and no memory', async (t) => {
  const before = descriptors();
  let peak = 0;
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const name = `short${i}`;
        const process = await startContainer(agent, name, ['sh', '-c', `echo ${i}; exit ${i}`], {
          isFed: i % 2 === 0,
        });
        t.deepEqual(await process.ended(), { kind: 'exited', code: i });
        t.is(process.stdout.text, `${i}\n`);
        await deleteContainer(agent, name);
      }),
    );
    peak = Math.max(peak, descriptors());
  }
  t.is(descriptors(), before);
  t.true(peak < before + 60);
});

test.serial('START needs an identity and a data client', async (t) => {
  const fresh = TestAgent.launch();
  try {
    await fresh.connectControl();
    const early = startContainer(Object.assign(fresh, { data: agent.data }), 'early', ['true']);
    t.is((await t.throwsAsync<Refusal>(early)).fault, AgentFault.STATE);
    await fresh.identify();
    const blind = startContainer(fresh, 'blind', ['true']);
    t.is((await t.throwsAsync<Refusal>(blind)).fault, AgentFault.STATE);
  } finally {
    await fresh.stop();
  }
});
