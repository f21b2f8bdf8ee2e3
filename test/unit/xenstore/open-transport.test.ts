// SPDX-License-Identifier: Apache-2.0
// Finds xenstored's transport, and reports clearly when there is none.

import test from 'ava';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../../toolstack/base/errors.js';
import { openXenstore } from '../../../xenstore/index.js';
import { FakeXenstored } from '../../support/xenstore/fake-xenstored.js';
import { until } from '../../support/within.js';
import { rejectsWith } from '../../support/xenstore/xenstore.js';

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
  // A killed daemon leaves the socket's file without a listener.
  const daemon = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', daemon, path]);
  const error = await rejectsWith(t, openXenstore({ path }), 'CONNECT');
  t.regex(error.message, /ECONNREFUSED; start xenstored/);
});

test('clients past the queue of connections wait for their place', async (t) => {
  const fake = await FakeXenstored.start({ backlog: 1 });
  t.teardown(() => fake.close());
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => openXenstore({ path: fake.path })),
  );
  for (const client of clients) t.true(await client.isIntroduced(0));
  await Promise.all(clients.map((client) => client.close()));
});

test('a queue of connections that stays full ends with the time given', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xs-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  // A daemon that stops as soon as it listens: it accepts no connection.
  const daemon = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => process.kill(process.pid, 'SIGSTOP'))`,
    path,
  ]);
  t.teardown(() => daemon.kill('SIGKILL'));
  const stat = `/proc/${daemon.pid}/stat`;
  await until('the daemon to stop', async () => / T /.test(await readFile(stat, 'utf8')));
  const opened = Array.from({ length: 6 }, () => openXenstore({ path, timeoutMs: 300 }));
  const results = await Promise.allSettled(opened);
  const codes = results.map((one) => (one.status === 'rejected' ? errorCode(one.reason) : 'open'));
  t.true(codes.includes('ERR_XENSTORE_TIMEOUT'), codes.join());
  for (const one of results) if (one.status === 'fulfilled') await one.value.close();
});
