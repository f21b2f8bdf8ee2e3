// SPDX-License-Identifier: Apache-2.0
// The kernel names the user and the groups behind a unix socket, however many groups there are.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { peerCredentials } from '../../../bindings/index.js';
import { callerOf } from '../../../toolstack/daemon/peer.js';
import { within } from '../../support/within.js';

/** Resolves with thawd's end of a connection by a process that setpriv starts with these words. */
async function connectionOf(t: ExecutionContext, words: string[]): Promise<Socket> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-peer-'));
  const path = join(folder, 's');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  await chmod(folder, 0o755);
  await chmod(path, 0o666);
  const script = `require('net').connect(${JSON.stringify(path)})`;
  const child = spawn('setpriv', [...words, process.execPath, '-e', script]);
  t.teardown(async () => {
    child.kill('SIGKILL');
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const [socket] = (await within(20_000, 'a connection', () => once(server, 'connection'))) as [
    Socket,
  ];
  t.teardown(() => socket.destroy());
  return socket;
}

test('a user with groups', async (t) => {
  const words = ['--reuid=4001', '--regid=4002', '--groups=4003,4004'];
  const { pid, ...caller } = callerOf(await connectionOf(t, words));
  t.deepEqual(caller, { uid: 4001, gid: 4002, groups: [4003, 4004] });
  t.true(pid > 0);
});

test('a user without groups, and one with very many', async (t) => {
  const none = await connectionOf(t, ['--reuid=4001', '--regid=4002', '--clear-groups']);
  t.deepEqual(callerOf(none).groups, []);
  const groups = Array.from({ length: 3000 }, (_, i) => 10_000 + i);
  const many = await connectionOf(t, ['--reuid=4001', '--regid=1', `--groups=${groups.join(',')}`]);
  t.deepEqual(callerOf(many).groups, groups);
});

test('a descriptor without a peer, and no descriptor', async (t) => {
  const file = await open('/dev/null');
  t.teardown(() => file.close());
  t.throws(() => peerCredentials(file.fd), { code: 'ERR_XEN_ENOTSOCK' });
  t.throws(() => peerCredentials(-1), { instanceOf: TypeError });
  t.throws(() => peerCredentials(1_000_000));
});
