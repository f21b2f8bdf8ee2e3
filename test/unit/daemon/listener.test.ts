// SPDX-License-Identifier: Apache-2.0
// thawd's socket is accessible to its owner alone. A dead thawd's socket is replaced, a living one's is not.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../toolstack/base/log.js';
import { claimSocket, listen } from '../../../toolstack/daemon/listener.js';
import { fakeEngine } from '../../support/cli/fake-engine.js';

async function place(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-listener-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'run', 'thawd.sock');
}

test('the socket is for its owner alone, in a folder that is made', async (t) => {
  const path = await place(t);
  const server = await listen(path, fakeEngine().engine, silentLog());
  t.teardown(() => server.close());
  const info = await stat(path);
  t.true(info.isSocket());
  t.is(info.mode & 0o777, 0o600);
});

test('a second thawd is refused while the first one answers', async (t) => {
  const path = await place(t);
  const server = await listen(path, fakeEngine().engine, silentLog());
  t.teardown(() => server.close());
  await t.throwsAsync(claimSocket(path), { code: 'ERR_THAWD_RUNNING' });
  t.true((await stat(path)).isSocket());
});

test('a place that nobody serves is free: empty, a file, or a socket left behind', async (t) => {
  const path = await place(t);
  await t.notThrowsAsync(claimSocket(path));
  const server = await listen(path, fakeEngine().engine, silentLog());
  await new Promise((resolve) => server.close(resolve));
  await writeFile(path, '');
  await claimSocket(path);
  await t.throwsAsync(stat(path), { code: 'ENOENT' });
});

test('a socket in use by something else that listens counts as served', async (t) => {
  const path = await place(t);
  await listen(path, fakeEngine().engine, silentLog()).then((server) => server.close());
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  t.teardown(() => other.close());
  await t.throwsAsync(claimSocket(path), { code: 'ERR_THAWD_RUNNING' });
});
