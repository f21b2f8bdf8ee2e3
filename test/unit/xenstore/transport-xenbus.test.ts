// SPDX-License-Identifier: Apache-2.0
// Closing the device's transport, or the process's exit, ends its blocking read. A FIFO stands in for the device: it blocks a
// reader in the same way, and returns the bytes written to it.

import test, { type ExecutionContext } from 'ava';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openXenbusTransport } from '../../../xenstore/transport-xenbus.js';
import { Connection } from '../../../xenstore/connection.js';
import { MessageType } from '../../../xenstore/wire.js';
import { until } from '../../support/within.js';
import { rejectsWith } from '../../support/xenstore/xenstore.js';

async function makeFifo(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xenbus-'));
  t.teardown(() => rm(folder, { recursive: true }));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  return join(folder, 'fifo');
}

async function openFdsOf(path: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link === path).length;
}

test('closing ends the read that waits and gives the descriptor back', async (t) => {
  const path = await makeFifo(t);
  const transport = await openXenbusTransport(path);
  const ends: unknown[] = [];
  let reads = 0;
  transport.start({ onData: () => reads++, onEnd: (cause) => ends.push(cause) });
  transport.send(Buffer.alloc(16), (cause) => t.fail(cause.message));
  await until('it reads', () => reads > 0);
  t.is(await openFdsOf(path), 1);
  await transport.close();
  await transport.close();
  t.deepEqual(ends, [undefined]);
  t.is(reads, 1);
  t.is(await openFdsOf(path), 0);
});

test('many transports wait at once and take no thread that files need', async (t) => {
  const paths = await Promise.all(Array.from({ length: 8 }, () => makeFifo(t)));
  const transports = await Promise.all(paths.map(openXenbusTransport));
  const connections = transports.map((transport) => new Connection(transport, 20_000));
  await readdir('/proc/self');
  const replies = await Promise.all(
    connections.map((connection, i) =>
      connection.request({
        type: MessageType.read,
        op: 'read',
        payload: Buffer.from(`reply ${i}`),
      }),
    ),
  );
  t.deepEqual(
    replies.map(String),
    replies.map((_, i) => `reply ${i}`),
  );
  await Promise.all(connections.map((connection) => connection.close()));
});

test('a transport that was never started can be closed', async (t) => {
  const path = await makeFifo(t);
  await (await openXenbusTransport(path)).close();
  t.is(await openFdsOf(path), 0);
});

test('a device that cannot be opened is ERR_XENSTORE_CONNECT', async (t) => {
  const error = await rejectsWith(t, openXenbusTransport('/nonexistent/xenbus'), 'CONNECT');
  t.is(error.message, 'Cannot connect to xenstored: /nonexistent/xenbus: ENOENT');
});

test('only one request is on its way, and a payload with its header fits 4096 bytes', async (t) => {
  const path = await makeFifo(t);
  const transport = await openXenbusTransport(path);
  const connection = new Connection(transport, 5000);
  const request = (bytes: number) =>
    connection.request({ type: MessageType.read, op: 'read', payload: Buffer.alloc(bytes, 'x') });
  // The FIFO returns each request, whose type and id make it count as the reply.
  const replies = await Promise.all([request(1), request(4080), request(3)]);
  t.deepEqual(
    replies.map((reply) => reply.length),
    [1, 4080, 3],
  );
  await rejectsWith(t, request(4081), 'PAYLOAD');
  await connection.close();
});

test('a request that the driver refuses with an errno fails alone', async (t) => {
  // /dev/full answers each write with ENOSPC.
  const transport = await openXenbusTransport('/dev/full');
  const refusals: string[] = [];
  const refused = new Promise<void>((resolve) =>
    transport.send(Buffer.alloc(16), (cause) => {
      refusals.push((cause as NodeJS.ErrnoException).code ?? '');
      resolve();
    }),
  );
  await refused;
  t.deepEqual(refusals, ['ENOSPC']);
  await transport.close();
});

for (const [how, end] of [
  ['exits', 'process.exit(3)'],
  ['throws', 'process.exitCode = 3; throw new Error("x")'],
] as const) {
  test(`a process that ${how} with the device open does not hang`, async (t) => {
    const path = await makeFifo(t);
    const module = fileURLToPath(new URL('../../../xenstore/transport-xenbus.js', import.meta.url));
    const script = `
      const { openXenbusTransport } = await import(${JSON.stringify(module)});
      const transport = await openXenbusTransport(${JSON.stringify(path)});
      transport.start({ onData() {}, onEnd() {} });
      setTimeout(() => { ${end} }, 100);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    const outcome = await Promise.race([ended, sleep(20_000, 'it hangs', { ref: false })]);
    child.kill('SIGKILL');
    t.true(outcome === 3 || outcome === 1, String(outcome));
  });
}
