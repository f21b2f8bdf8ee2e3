// SPDX-License-Identifier: Apache-2.0

import test from 'ava';
import { askMount } from '../../../toolstack/agent/mount.js';
import { AgentType } from '../../../toolstack/agent/wire.js';
import { encodeMount } from '../../../toolstack/agent/wire-guest.js';

test('an answer is waited for longer than the guest waits for its devices', async (t) => {
  const asked: unknown[][] = [];
  const link = {
    request: (...call: unknown[]) => {
      asked.push(call);
      return Promise.resolve(Buffer.alloc(0));
    },
  };
  const root = { rootfs: 'main', devices: ['xvda'], upperKib: 512 };
  await askMount(link, root);
  await askMount(link, { ...root, upper: 'xvdb' }, 1000);
  t.deepEqual(asked, [
    [
      ...[AgentType.MOUNT, encodeMount({ ...root, timeoutMs: 90_000 })],
      ...['the root filesystem', 95_000],
    ],
    [
      ...[AgentType.MOUNT, encodeMount({ ...root, upper: 'xvdb', timeoutMs: 1000 })],
      ...['the root filesystem', 6000],
    ],
  ]);
});
