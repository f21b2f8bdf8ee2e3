// SPDX-License-Identifier: Apache-2.0
// Connections to the real xenstored: their end, and clients that break the protocol's limits.

import test from 'ava';
import { spawn } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openXenstore } from '../../../xenstore/index.js';
import { encodePacket, MessageType } from '../../../xenstore/wire.js';
import { rejectsWith } from '../../support/xenstore/xenstore.js';
import { SOCKET, testBoth, TRANSPORTS } from './both-transports.js';

async function openFdsOf(path: string): Promise<number> {
  const fds = await readdir('/proc/self/fd');
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((link) => link === path).length;
}

testBoth('calls in flight reject with CLOSED when the client is closed', async (t, place) => {
  const client = await place.another(place.client.transportPath);
  const calls = Array.from({ length: 50 }, (_, i) =>
    client.write(`${place.root}/c${i}`, 'x').then(
      () => 'done',
      (error: { code?: string }) => error.code,
    ),
  );
  const closed = client.close();
  t.deepEqual([...new Set(await Promise.all(calls))], ['ERR_XENSTORE_CLOSED']);
  await closed;
  await rejectsWith(t, client.read(place.root), 'CLOSED');
});

testBoth(
  'xenstored drops the open transaction and the watches of a client that ends',
  async (t, place) => {
    const client = await place.another(place.client.transportPath);
    await client.watch(place.root);
    const open = client.transaction(async (tx) => {
      await tx.write(`${place.root}/never`, '1');
      await client.close();
    });
    await t.throwsAsync(open, { code: 'ERR_XENSTORE_CLOSED' });
    await place.client.write(`${place.root}/other`, '1');
    t.is(await place.client.readIfExists(`${place.root}/never`), undefined);
  },
);

testBoth(
  'four clients at once and four one after the other leave no descriptor',
  async (t, place) => {
    const path = place.client.transportPath;
    const before = await openFdsOf(path);
    const visit = async () => {
      const client = await openXenstore({ path, timeoutMs: 200_000 });
      await client.read(place.root);
      await client.close();
    };
    await Promise.all(Array.from({ length: 4 }, visit));
    for (let i = 0; i < 4; i++) await visit();
    t.is(await openFdsOf(path), before);
  },
);

test.serial('the usual client finds the socket by itself', async (t) => {
  const client = await openXenstore();
  t.regex(client.transportPath, /^\/(var\/)?run\/xenstored\/socket$/);
  await client.close();
});

for (const path of TRANSPORTS) {
  test.serial(`a process that exits with a client open ends at once (${path})`, async (t) => {
    const module = fileURLToPath(new URL('../../../xenstore/index.js', import.meta.url));
    const script = `
      const { openXenstore } = await import(${JSON.stringify(module)});
      const client = await openXenstore({ path: ${JSON.stringify(path)} });
      await client.watch('/tool');
      setTimeout(() => process.exit(3), 100);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    t.is(await Promise.race([ended, sleep(200_000, 'it hangs', { ref: false })]), 3);
    child.kill('SIGKILL');
  });
}

test.serial('xenstored takes no request that is longer than the payload’s limit', async (t) => {
  const socket = createConnection({ path: SOCKET });
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
  socket.on('error', () => undefined);
  socket.resume();
  const payload = Buffer.concat([Buffer.from('/tool/thaw-too-long\0'), Buffer.alloc(8000, 'x')]);
  socket.write(encodePacket({ type: MessageType.write, requestId: 1, txId: 0, payload }));
  const outcome = await Promise.race([closed, sleep(10_000, 'still open', { ref: false })]);
  socket.destroy();
  const client = await openXenstore();
  const stored = await client.readIfExists('/tool/thaw-too-long');
  await client.rm('/tool/thaw-too-long');
  await client.close();
  // Xen's C daemon closes the connection, oxenstored keeps it open.
  t.log(`the connection is ${String(outcome)}`);
  t.is(stored, undefined);
});
