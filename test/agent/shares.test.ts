// SPDX-License-Identifier: Apache-2.0
// Mount points of dom0's shares, and their removal. This machine has no 9pfs device: test/xen/thaw/volumes and pods use one.

import test from 'ava';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeShareTag, encodeFill } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';

let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  mkdirSync(join(agent.folder, 'run/roots/web/rootfs/data'), { recursive: true });
  writeFileSync(join(agent.folder, 'run/roots/web/rootfs/data/page'), 'hello\n');
  for (const tree of ['thaw/0', 'thaw-1/0', 'thaw-1/1'])
    mkdirSync(join(agent.folder, 'run/files', tree), { recursive: true });
});

test.after.always(() => agent.stop());

test.serial('a volume is filled in the tree of its device', async (t) => {
  await agent.request(AgentType.FILL, encodeFill('web', '/data', 'thaw-1', '1'));
  const tree = (name: string) => join(agent.folder, 'run/files', name);
  t.is(readFileSync(join(tree('thaw-1/1'), 'page'), 'utf8'), 'hello\n');
  t.deepEqual([...readdirSync(tree('thaw-1/0')), ...readdirSync(tree('thaw/0'))], []);
  await t.throwsAsync(agent.request(AgentType.FILL, encodeFill('web', '/data', 'thaw-2', '0')));
});

test.serial('a device that is not there is not mounted', async (t) => {
  const error = await t.throwsAsync<Refusal>(
    agent.request(AgentType.MOUNT_SHARE, encodeShareTag('thaw-3')),
  );
  t.is(error.fault, AgentFault.MOUNT);
  await t.notThrowsAsync(agent.request(AgentType.UNMOUNT_SHARE, encodeShareTag('thaw-3')));
});

test.serial('what is not mounted is gone, as often as that is asked', async (t) => {
  for (let i = 0; i < 2; i++)
    await t.notThrowsAsync(agent.request(AgentType.UNMOUNT_SHARE, encodeShareTag('thaw-9')));
});

test.serial('anything but a tag is malformed', async (t) => {
  for (const type of [AgentType.MOUNT_SHARE, AgentType.UNMOUNT_SHARE])
    for (const payload of [encodeFields(['../x']), encodeFields(['a', 'b']), Buffer.alloc(3)]) {
      const error = await t.throwsAsync<Refusal>(agent.request(type, payload));
      t.is(error.fault, AgentFault.MESSAGE);
    }
});
