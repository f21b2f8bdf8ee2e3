// SPDX-License-Identifier: Apache-2.0
// A tmpfs of one container is another's, too, for as long as either has it; whatever else lies at its path is not.

import test from 'ava';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeShm } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent-client.js';
import type { AgentProcess } from '../support/agent-process.js';
import { TestAgent } from '../support/agent.js';
import {
  createContainer,
  deleteContainer,
  execInContainer,
  makeRootfs,
  ociConfig,
  startContainer,
} from '../support/container.js';

const SLEEP = ['sleep', '1000'];
let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.run, 'roots/base/rootfs'));
});

test.after.always(() => agent.stop());

/** With one more mount, at /dev/shm. */
function withMemory(mount: object): { config: string } {
  const config = JSON.parse(ociConfig(agent, SLEEP, {})) as { mounts: object[] };
  config.mounts.push({ destination: '/dev/shm', ...mount });
  return { config: JSON.stringify(config) };
}

const OWN = { type: 'tmpfs', source: 'shm', options: ['size=64k'] };
const shared = (name: string): string => join(agent.run, 'shm', name);

async function inside(container: string, script: string): Promise<string> {
  const process: AgentProcess = await execInContainer(agent, container, ['sh', '-c', script]);
  await process.ended();
  return process.stdout.text + process.stderr.text;
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
  t.is(await fault('first', '/dev/shm', 'second'), undefined);
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
  await startContainer(agent, 'plain', SLEEP, withMemory(OWN));
  const said = await inside(
    'plain',
    'ln -s /dev/shm /dev/link; ln -s /proc/1/root /dev/root; mkdir /dev/shm/in',
  );
  t.is(said, '');
  for (const path of ['/proc', '/dev/pts', '/nosuch', '/dev/link'])
    t.is(await fault('plain', path, 'other'), AgentFault.MOUNT, path);
  t.is(await fault('plain', '/dev/shm/in', 'other'), undefined, 'a part of it');
  await deleteContainer(agent, 'other');
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
