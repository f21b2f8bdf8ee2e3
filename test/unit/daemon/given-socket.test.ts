// SPDX-License-Identifier: Apache-2.0
// thawd accepts systemd's socket only if it is addressed to this process and is thawd's own socket.

import {
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  checkGivenSocket,
  parseUnixSockets,
  takeListenVariables,
} from '../../../toolstack/daemon/given-socket.js';

test('the variables are for one process, and gone once they were read', (t) => {
  const all = { LISTEN_PID: '7', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x', PATH: '/bin' };
  for (const [pid, count] of [
    [7, 1],
    [8, 0],
  ] as const) {
    const env = { ...all };
    t.is(takeListenVariables(env, pid), count);
    t.deepEqual(env as NodeJS.ProcessEnv, { PATH: '/bin' });
  }
  t.is(takeListenVariables({}, 7), 0);
  t.is(takeListenVariables({ LISTEN_PID: '7' }, 7), 0);
});

test('/proc/net/unix is read with spaces in paths, and without paths', (t) => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
00000000e5a0d1e4: 00000003 00000000 00000000 0001 03  1148
0000000000000000: 00000002 00000000 00010000 0001 01 21148 /run/a b
0000000000000000: 00000002 00000000 00010000 0005 01 99 @name
`;
  t.deepEqual(parseUnixSockets(text), [
    { flags: 0, type: '0001', inode: 1148, path: '' },
    { flags: 0x10000, type: '0001', inode: 21148, path: '/run/a b' },
    { flags: 0x10000, type: '0005', inode: 99, path: '@name' },
  ]);
});

interface Place {
  path: string;
  fd: number;
  folder: string;
}

/** A listening socket and its descriptor. */
async function listening(t: ExecutionContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-given-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'thawd.sock');
  return { path, fd: await listenAt(t, path), folder };
}

async function listenAt(t: ExecutionContext, path: string): Promise<number> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  chmodSync(path, 0o600);
  return (server as Server & { _handle: { fd: number } })._handle.fd;
}

test('thawd’s own socket, for its owner or a group, is what it wants', async (t) => {
  const { fd, path } = await listening(t);
  await t.notThrowsAsync(checkGivenSocket(fd, path));
  chmodSync(path, 0o660);
  await t.notThrowsAsync(checkGivenSocket(fd, path));
});

test('anything else is refused', async (t) => {
  const { fd, path, folder } = await listening(t);
  const refused = { code: 'ERR_GIVEN_SOCKET' };
  await t.throwsAsync(checkGivenSocket(fd, join(folder, 'other')), refused, 'another path');
  await t.throwsAsync(checkGivenSocket(9999, path), refused, 'no descriptor');
  const file = openSync('/dev/null', 'r');
  t.teardown(() => {
    closeSync(file);
  });
  await t.throwsAsync(checkGivenSocket(file, path), refused, 'no socket');
  chmodSync(path, 0o606);
  await t.throwsAsync(checkGivenSocket(fd, path), refused, 'open for all');
  chmodSync(path, 0o600);
  renameSync(path, join(folder, 'moved'));
  await t.throwsAsync(checkGivenSocket(fd, path), refused, 'its name is gone');
  writeFileSync(path, '');
  await t.throwsAsync(checkGivenSocket(fd, path), refused, 'a file has its name');
});

test('a socket of somebody else who listens at the same path is another thawd’s', async (t) => {
  const { path, fd } = await listening(t);
  rmSync(path);
  const second = await listenAt(t, path);
  t.not(second, fd);
  await t.throwsAsync(checkGivenSocket(second, path), { code: 'ERR_THAWD_RUNNING' });
});
