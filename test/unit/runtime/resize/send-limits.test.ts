// SPDX-License-Identifier: Apache-2.0
// The agent gets the changed limits in the format of the cgroup's files.

import test from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { decodeFields } from '../../../../toolstack/base/frame.js';
import { limitCgroup } from '../../../../toolstack/runtime/resize/send-limits.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';

const MIB = 2 ** 20;

function fake(hasOwnDomain: boolean) {
  const asked: string[][] = [];
  const request = (type: number, payload: Buffer): Promise<Buffer> => {
    if (type === AgentType.LIMIT) asked.push(decodeFields(payload, 5).map(String));
    return Promise.resolve(Buffer.alloc(0));
  };
  // SAFETY: the test uses no other member of the link.
  const sandbox = { agent: () => Promise.resolve({ request }) } as unknown as Sandbox;
  return { asked, container: { sandbox, name: 'web', hasOwnDomain } };
}

test('limits that do not change are not told, and without a change nothing is', async (t) => {
  const { asked, container } = fake(false);
  const limits = { cpus: 2, pids: 9, memoryBytes: 64 * MIB };
  await limitCgroup(container, {}, limits);
  t.deepEqual(asked, []);
  await limitCgroup(container, { pids: 1 }, limits);
  await limitCgroup(container, { cpus: 1, memoryBytes: 1 }, limits);
  t.deepEqual(asked, [
    ['web', '', '9', '', ''],
    ['web', '200000 100000', '', String(64 * MIB), ''],
  ]);
});

test('a limit that is taken away is none', async (t) => {
  const { asked, container } = fake(false);
  await limitCgroup(container, { cpus: 1, pids: 1, memoryBytes: 1 }, {});
  t.deepEqual(asked, [['web', 'max 100000', 'max', 'max', '']]);
});

test('whole CPUs and memory are limited by a domain of its own', async (t) => {
  const { asked, container } = fake(true);
  const all = { cpus: 1, pids: 1, memoryBytes: 1 };
  await limitCgroup(container, all, { cpus: 2, pids: 0, memoryBytes: 64 * MIB });
  await limitCgroup(container, all, { cpus: 1.5, pids: 0, memoryBytes: 16 * MIB });
  t.deepEqual(asked, [
    ['web', 'max 100000', 'max', 'max', ''],
    ['web', '150000 100000', 'max', String(16 * MIB), ''],
  ]);
});
