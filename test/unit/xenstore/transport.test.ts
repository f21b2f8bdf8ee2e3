// SPDX-License-Identifier: Apache-2.0
// Is xenstored found where it is, and is it said plainly when it is not?

import test from 'ava';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openXenstore } from '../../../xenstore/index.js';
import { FakeXenstored } from '../../support/fake-xenstored.js';
import { rejectsWith } from '../../support/xenstore.js';

test.serial('XENSTORED_PATH says where the socket is', async (t) => {
  const fake = await FakeXenstored.start();
  process.env['XENSTORED_PATH'] = fake.path;
  t.teardown(async () => {
    delete process.env['XENSTORED_PATH'];
    await fake.close();
  });
  const client = await openXenstore();
  t.is(client.transportPath, fake.path);
  t.true(await client.isIntroduced(0));
  await client.close();
});

test('a path that is not there is named', async (t) => {
  const error = await rejectsWith(t, openXenstore({ path: '/nonexistent/socket' }), 'CONNECT');
  t.is(
    error.message,
    'Cannot connect to xenstored: no /nonexistent/socket; boot Xen and start xenstored',
  );
});

test('a file that is no socket is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xs-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'file'), '');
  const error = await rejectsWith(t, openXenstore({ path: join(folder, 'file') }), 'CONNECT');
  t.regex(error.message, /neither a socket nor a character device/);
});

test('a socket without its daemon says that xenstored has to be started', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xs-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  // What a daemon that was killed leaves: the file, and nobody who listens.
  const daemon = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', daemon, path]);
  const error = await rejectsWith(t, openXenstore({ path }), 'CONNECT');
  t.regex(error.message, /ECONNREFUSED; start xenstored/);
});
