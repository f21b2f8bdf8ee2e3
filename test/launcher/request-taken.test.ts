// SPDX-License-Identifier: Apache-2.0
// A command on a held socket waits while thawd starts, within a time limit, and a signal can end the wait.

import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { until } from '../support/within.js';

async function place(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'thaw-launcher-')), 'thawd.sock');
}

/** A socket that never reads from its connections. */
async function unread(t: ExecutionContext): Promise<{ path: string; sockets: Socket[] }> {
  const path = await place();
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, sockets };
}

test('a signal ends a command that nobody took', async (t) => {
  const { path, sockets } = await unread(t);
  const launched = launch(t, path, { args: ['ps'] });
  await until('it has connected', () => sockets.length > 0);
  launched.child.kill('SIGINT');
  t.is(await launched.ended(), 130);
});

test('a thawd that ends before it takes the command: one line, status 125', async (t) => {
  const { path, sockets } = await unread(t);
  const launched = launch(t, path, { args: ['ps'] });
  await until('it has connected', () => sockets.length > 0);
  sockets[0]?.destroy();
  t.is(await launched.ended(), 125);
  t.is(launched.stderr, 'thaw: Lost the connection to thawd: it ended; see its log\n');
});

test('a command that was taken may take any time', async (t) => {
  const thawd = await FakeThawd.listen(await place());
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path, { args: ['ps'], env: { THAW_WAIT: '3' } });
  const session = await thawd.session();
  await delay(4500);
  session.done(7);
  t.is(await launched.ended(), 7);
});
