// SPDX-License-Identifier: Apache-2.0
// Containers can share a tmpfs, which lasts as long as any of them. Other mounts at its path are not shared.

import test from 'ava';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeShm } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent/agent-client.js';
import type { AgentProcess } from '../support/agent/agent-process.js';
import { TestAgent } from '../support/agent/agent.js';
import {
  createContainer,
  deleteContainer,
  execInContainer,
  makeRootfs,
  ociConfig,
  startContainer,
} from '../support/agent/container.js';

const SLEEP = ['sleep', '1000'];
let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.run, 'roots/base/rootfs'));
});

test.after.always(() => agent.stop());

/** Adds a mount at /dev/shm. */
function withMemory(mount: object): { config: string } {
  const config = JSON.parse(ociConfig(agent, SLEEP, {})) as { mounts: object[] };
  config.mounts.push({ destination: '/dev/shm', ...mount });
  return { config: JSON.stringify(config) };
}

const OWN = { type: 'tmpfs', source: 'shm', options: ['size=64k'] };
const shared = (name: string): string => join(agent.run, 'shm', name);

async function inside(container: string, script: string, process?: object): Promise<string> {
  const options = process ? { process } : {};
  const words = ['sh', '-c', script];
  const ran: AgentProcess = await execInContainer(agent, container, words, options);
  await ran.ended();
  return ran.stdout.text + ran.stderr.text;
}

async function fault(...words: Parameters<typeof encodeShm>): Promise<number | undefined> {
  const asked = agent.request(AgentType.SHM, encodeShm(...words));
  return asked.then(
    () => undefined,
    (error: unknown) => (error as Refusal).fault,
  );
}

test.serial('what one writes the other reads, also when the first has gone', async (t) => {
  await startContainer(agent, 'first', SLEEP, withMemory(OWN));
  const all = ['CAP_SYS_ADMIN'];
  const capabilities = { bounding: all, effective: all, permitted: all };
  t.is(await inside('first', 'mount --make-shared /dev/shm', { capabilities }), '');
  t.regex(await inside('first', 'grep /dev/shm /proc/self/mountinfo'), / shared:/);
  t.is(await fault('first', '/dev/shm', 'second'), undefined);
  const mounts = readFileSync(`/proc/${agent.pid}/mountinfo`, 'utf8').split('\n');
  const copy = mounts.find((line) => line.includes('/shm/second ')) ?? '';
  // Not a shared mount: a mount over it in a container would propagate into the agent's own namespace.
  t.regex(copy, / rw,nosuid,nodev,noexec(,\S+)? - tmpfs /, copy);
  const bound = { type: 'bind', source: shared('second'), options: ['bind', 'nosuid'] };
  await startContainer(agent, 'second', SLEEP, withMemory(bound));
  t.is(await inside('first', 'echo one >/dev/shm/a'), '');
  t.is(await inside('second', 'cat /dev/shm/a; echo two >/dev/shm/b'), 'one\n');
  t.is(await inside('first', 'cat /dev/shm/b'), 'two\n');
  t.regex(await inside('second', 'grep /dev/shm /proc/mounts'), / tmpfs rw,.*size=64k/);
  t.is(await inside('second', 'ls /run 2>&1 | wc -l'), '1\n', 'and has nothing else of it');
  await deleteContainer(agent, 'first');
  t.is(await inside('second', 'cat /dev/shm/a'), 'one\n');
  t.is(await fault('second', '/dev/shm', 'third'), undefined, 'one that has it by another');
  await deleteContainer(agent, 'third');
  t.false(existsSync(shared('third')), 'who asked and never came');
  await deleteContainer(agent, 'second');
  t.false(existsSync(shared('second')));
  t.notRegex(readFileSync(`/proc/${agent.pid}/mounts`, 'utf8'), /\/shm\//);
});

test.serial('one that is created has it before it begins', async (t) => {
  await createContainer(agent, 'waits', SLEEP, withMemory(OWN));
  t.is(await fault('waits', '/dev/shm', 'other'), undefined);
  await deleteContainer(agent, 'other');
  await deleteContainer(agent, 'waits');
});

test.serial('only a tmpfs of a container that runs, by its own path', async (t) => {
  t.is(await fault('none', '/dev/shm', 'other'), AgentFault.NOENT);
  const plain = await startContainer(agent, 'plain', SLEEP, withMemory(OWN));
  const said = await inside('plain', 'ln -s /dev/shm /dev/link; mkdir /dev/shm/in');
  t.is(said, '');
  for (const path of ['/proc', '/dev/pts', '/nosuch', '/dev/link'])
    t.is(await fault('plain', path, 'other'), AgentFault.MOUNT, path);
  t.is(await fault('plain', '/dev/shm/in', 'other'), undefined, 'a part of it');
  await deleteContainer(agent, 'other');
  plain.signal(9);
  await plain.ended();
  t.is(await fault('plain', '/dev/shm', 'other'), AgentFault.NOENT, 'it has ended');
  await deleteContainer(agent, 'plain');
  t.is(await fault('plain', '/dev/shm', 'other'), AgentFault.NOENT);
});

test.serial('anything but two names and a path is malformed', async (t) => {
  for (const payload of [
    encodeFields(['a', '/p']),
    encodeFields(['a', '', 'b']),
    encodeFields(['a', '/p\0q', 'b']),
    encodeFields(['a', `/${'p'.repeat(4096)}`, 'b']),
    encodeFields(['a', '/p', '../b']),
    encodeFields(['a', '/p', 'b', 'c']),
    Buffer.alloc(3),
  ]) {
    const error = await t.throwsAsync<Refusal>(agent.request(AgentType.SHM, payload));
    t.is(error.fault, AgentFault.MESSAGE);
  }
});
