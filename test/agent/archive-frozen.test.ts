// SPDX-License-Identifier: Apache-2.0
// A container is frozen while its files are read, if requested, and resumes however the reading ends.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import {
  ArchiveOption,
  ArchiveVerb,
  encodeArchive,
  encodeHold,
} from '../../toolstack/agent/wire-process.js';
import type { ExitStatus } from '../../toolstack/api/wire.js';
import type { AgentProcess } from '../support/agent/agent-process.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';
import { giveCgroup } from '../support/agent/hold.js';
import { until } from '../support/within.js';

const LARGE = 4 * 2 ** 20;
const COUNT = ['sh', '-c', 'while :; do echo >>/count; sleep 0.01; done'];

let agent: TestAgent;
let root: string;
let takeAway: (() => void) | undefined;

test.beforeEach(async () => {
  agent = await TestAgent.start();
  root = join(agent.run, 'roots/base/rootfs');
  makeRootfs(root);
  writeFileSync(join(root, 'large'), Buffer.alloc(LARGE, 1));
});

test.afterEach.always(async () => {
  await agent.stop();
  takeAway?.();
});

const counted = (): number => statSync(join(root, 'count'), { throwIfNoEntry: false })?.size ?? 0;

async function untilCounts(): Promise<void> {
  const before = counted();
  await until('it counts', () => counted() > before + 3);
}

async function standsStill(t: ExecutionContext): Promise<void> {
  const before = counted();
  await delay(200);
  t.is(counted(), before);
}

/** Starts reading more than the data channel accepts without credit. */
async function startReading(container = 'c', options: number = ArchiveOption.FROZEN) {
  const process = agent.newProcess({ isAutoCredited: false });
  const request = {
    process: process.id,
    flags: 0,
    verb: ArchiveVerb.PACK,
    options,
    container,
    rootfs: 'base',
    path: '/large',
    name: 'large',
  };
  await agent.request(AgentType.ARCHIVE, encodeArchive(request));
  await until('it has begun', () => process.stdout.bytes > 100_000);
  return process;
}

/** Receives the remaining output; the end of the archive follows it. */
function rest(process: AgentProcess): Promise<ExitStatus> {
  process.isAutoCredited = true;
  process.grant(1, process.stdout.bytes);
  return process.ended();
}

test.serial('it is frozen until all is read, and then resumes', async (t) => {
  await startContainer(agent, 'c', COUNT);
  takeAway = giveCgroup(agent);
  await untilCounts();
  const running = await startReading('c', 0);
  await untilCounts();
  running.signal(9);
  await rest(running);
  const process = await startReading();
  await standsStill(t);
  const refused = await t.throwsAsync<Refusal>(agent.request(AgentType.HOLD, encodeHold('c')));
  t.is(refused?.fault, AgentFault.BUSY);
  await standsStill(t);
  t.deepEqual(await rest(process), { kind: 'exited', code: 0 });
  t.true(process.stdout.bytes > LARGE);
  await untilCounts();
  await deleteContainer(agent, 'c');
});

test.serial('it goes on when the reading is killed', async (t) => {
  await startContainer(agent, 'c', COUNT);
  takeAway = giveCgroup(agent);
  await untilCounts();
  const process = await startReading();
  await standsStill(t);
  process.signal(9);
  await untilCounts();
  t.deepEqual(await rest(process), { kind: 'signaled', signal: 9 });
});

test.serial('one that is killed while it is frozen ends, and nothing of it stays', async (t) => {
  const first = await startContainer(agent, 'c', COUNT);
  takeAway = giveCgroup(agent);
  await untilCounts();
  const process = await startReading();
  first.signal(9);
  process.signal(9);
  await rest(process);
  t.deepEqual(await first.ended(), { kind: 'signaled', signal: 9 });
  await deleteContainer(agent, 'c');
  t.true(readFileSync(join(root, 'count')).length > 0);
});

test.serial('without a container, or with an unknown one, the request is refused', async (t) => {
  const ask = (container: string): Promise<unknown> => startReading(container);
  const unnamed = await t.throwsAsync<Refusal>(ask(''));
  t.is(unnamed?.fault, AgentFault.MESSAGE);
  const other = await t.throwsAsync<Refusal>(ask('other'));
  t.is(other?.fault, AgentFault.NOENT);
});
