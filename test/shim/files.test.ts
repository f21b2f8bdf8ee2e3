// SPDX-License-Identifier: Apache-2.0
// Where there is no domain no files are shared, and who asks for it wrongly is dropped. With a domain: test/xen/thaw/volumes.

import { execFile } from 'node:child_process';
import test from 'ava';
import { ApiType, encodeShare } from '../../toolstack/api/wire.js';
import { FrameSocket } from '../support/frame-socket.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/sandbox.js';

const { SHARE, SHARED } = ApiType;
const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];

test('without a domain it says so, and serves on', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (let i = 0; i < 2; i++) {
    sandbox.control.send(SHARE, 0, 0, encodeShare(RINGS, [{ path: '/srv', readOnly: true }]));
    const answer = await sandbox.control.nextOf(SHARED);
    t.is(answer.arg, 2);
    t.regex(answer.payload.toString(), /there is no domain/);
  }
  t.is((await sandbox.status()).state, 'up');
});

test('a SHARE without exports is malformed', async (t) => {
  const sandbox = await Sandbox.start(t);
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(SHARE, 0, 0, encodeShare(RINGS, []));
  await other.closed;
  t.is((await sandbox.status()).state, 'up');
});

test('the server by itself has nobody to serve', async (t) => {
  const { shimChecked: program } = programs();
  const status = await new Promise((resolve) => {
    // Descriptor 3 is not there.
    execFile(program, ['--files', '1'], (error) => resolve(error?.code));
  });
  t.is(status, 1);
});
