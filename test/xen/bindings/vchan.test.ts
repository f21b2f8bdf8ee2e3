// SPDX-License-Identifier: Apache-2.0
// Tests a vchan between two processes of dom0 as a stream: bytes, back-pressure, an end by either side, sudden death.

import test from 'ava';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { execFileSync, spawnSync } from 'node:child_process';
import { Vchan } from '../../../bindings/index.js';
import { within } from '../../support/within.js';

const MIB = 1 << 20;
const peerFile = new URL('./vchan-peer.js', import.meta.url).pathname;
let paths = 0;

function newPath(): string {
  return `/local/domain/0/data/thawt/${process.pid}-${paths++}`;
}

/** Starts the second process (vchan-peer.ts) and waits for its line. */
async function startPeer(role: string, path: string, what: string): Promise<ChildProcess> {
  const peer = fork(peerFile, [role, path, what], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await within(30_000, 'the peer', async () => once(peer, 'message'));
  return peer;
}

async function message(peer: ChildProcess): Promise<unknown> {
  const [text] = (await within(120_000, 'the peer’s word', async () => once(peer, 'message'))) as [
    unknown,
  ];
  return text;
}

test.serial('10 MiB each way at once arrive whole', async (t) => {
  const path = newPath();
  const peer = await startPeer('listen', path, 'echo');
  const vchan = await Vchan.connect({ domid: 0, path });
  const sent = createHash('sha256');
  const got = createHash('sha256');
  let received = 0;
  const reading = (async (): Promise<void> => {
    for await (const chunk of vchan as AsyncIterable<Buffer>) {
      got.update(chunk);
      received += chunk.length;
      if (received === 10 * MIB) return;
    }
  })();
  const start = performance.now();
  for (let i = 0; i < 10; i++) {
    const data = randomBytes(MIB);
    sent.update(data);
    if (!vchan.write(data)) await once(vchan, 'drain');
  }
  await within(120_000, 'the echo', () => reading);
  t.log(`${Math.round((20 * 1000) / (performance.now() - start))} MiB/s there and back`);
  t.is(received, 10 * MIB);
  t.is(got.digest('hex'), sent.digest('hex'));
  vchan.destroy();
  peer.kill();
});

/** The nodes that a server in dom0 has published for its client. */
function published(path: string): { domid: number; ringRef: number; port: number } {
  const read = (name: string) => Number(execFileSync('xenstore-read', [`${path}/${name}`]));
  return { domid: 0, ringRef: read('ring-ref'), port: read('event-channel') };
}

test.serial(
  'a ring that is known needs no xenstore, and must be what it was said to be',
  async (t) => {
    for (const order of [12, 15, 17]) {
      const path = newPath();
      const peer = await startPeer('listen', path, 'echo');
      await t.throwsAsync(Vchan.attach({ ...published(path), order }), {
        code: 'ERR_XEN_VCHAN_FAIL',
        message: /Protocol error/,
      });
      peer.kill();
    }
    const path = newPath();
    const peer = await startPeer('listen', path, 'echo');
    const { domid, ringRef, port } = published(path);
    await t.throwsAsync(Vchan.attach({ domid, ringRef: 4095, port: 4094, order: 16 }), {
      code: 'ERR_XEN_VCHAN_FAIL',
    });
    const vchan = await Vchan.attach({ domid, ringRef, port, order: 16 });
    vchan.write('there and back');
    const [echo] = (await within(30_000, 'the echo', async () => once(vchan, 'data'))) as [Buffer];
    t.is(echo.toString(), 'there and back');
    vchan.destroy();
    peer.kill();
  },
);

test.serial('a reader that stops stops the writer, and memory stays bounded', async (t) => {
  const path = newPath();
  const peer = await startPeer('listen', path, 'stall');
  const vchan = await Vchan.connect({ domid: 0, path });
  const before = process.memoryUsage().rss;
  let written = 0;
  let isStopped = false;
  for (let i = 0; i < 2000 && !isStopped; i++) {
    written += 65536;
    if (!vchan.write(Buffer.alloc(65536))) {
      const drained = once(vchan, 'drain').then(() => true);
      const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500));
      isStopped = !(await Promise.race([drained, late]));
    }
  }
  t.true(isStopped, 'the writer was held up');
  t.true(written < 2 * MIB, `${written} bytes went out before`);
  t.true(process.memoryUsage().rss - before < 64 * MIB);
  peer.send('go');
  await within(30_000, 'the drain', async () => once(vchan, 'drain'));
  vchan.end();
  t.is(await message(peer), written);
  peer.kill();
});

test.serial('end() delivers everything, and both sides close', async (t) => {
  const path = newPath();
  const peer = await startPeer('listen', path, 'count');
  const vchan = await Vchan.connect({ domid: 0, path });
  const closed = once(vchan, 'close');
  vchan.end(Buffer.alloc(3 * MIB + 17, 1));
  t.is(await message(peer), 3 * MIB + 17);
  await within(10_000, 'close', () => closed);
  peer.kill();
});

test.serial('what the peer wrote before it closed is read, then the stream ends', async (t) => {
  const path = newPath();
  const peer = await startPeer('listen', path, 'say-and-end');
  const vchan = await Vchan.connect({ domid: 0, path });
  const chunks: Buffer[] = [];
  await within(20_000, 'the end', async () => {
    for await (const chunk of vchan as AsyncIterable<Buffer>) chunks.push(chunk);
  });
  t.is(Buffer.concat(chunks).length, 100_000);
  t.true(vchan.destroyed || vchan.writableEnded);
  peer.kill();
});

test.serial('a peer that is killed ends the stream, also one that nobody reads', async (t) => {
  for (const isRead of [true, false]) {
    const path = newPath();
    const peer = await startPeer('listen', path, 'stall');
    const vchan = await Vchan.connect({ domid: 0, path });
    vchan.on('error', () => {});
    const noticed = isRead ? once(vchan, 'close') : once(vchan, 'peer-close');
    if (isRead) vchan.resume();
    peer.kill('SIGKILL');
    await within(10_000, 'the end', () => noticed);
    vchan.destroy();
    t.pass();
  }
});

test.serial('a server hears its client come and go, and leaves no xenstore node', async (t) => {
  const path = newPath();
  const server = await Vchan.listen({ domid: 0, path, leftMin: 1024, rightMin: 2048 });
  t.false(server.isConnected);
  const connected = once(server, 'connect');
  const peer = await startPeer('connect', path, 'echo');
  await within(10_000, 'connect', () => connected);
  t.true(server.isConnected);
  server.write('over small rings');
  const [echo] = (await within(10_000, 'the echo', () => once(server, 'data'))) as [Buffer];
  t.is(echo.toString(), 'over small rings');
  peer.kill('SIGKILL');
  await within(10_000, 'the end', () => once(server, 'close'));
  const node = (): number | null => spawnSync('xenstore-read', [`${path}/ring-ref`]).status;
  await within(60_000, 'the node to go', async () => {
    while (node() === 0) await new Promise((resolve) => setTimeout(resolve, 200));
  });
  t.is(node(), 1);
});

test.serial('connecting waits for a server, no longer than told, and can be aborted', async (t) => {
  const path = newPath();
  await t.throwsAsync(
    within(60_000, 'no longer than told', () => Vchan.connect({ domid: 0, path, timeoutMs: 300 })),
    { code: 'ERR_XEN_TIMEDOUT' },
  );
  const signal = AbortSignal.timeout(200);
  await t.throwsAsync(Vchan.connect({ domid: 0, path, signal }), { instanceOf: Error });
  const late = Vchan.connect({ domid: 0, path });
  const server = await Vchan.listen({ domid: 0, path });
  const client = await late;
  client.destroy();
  server.destroy();
});

test.serial('wrong arguments are TypeErrors, a destroyed vchan is silent', async (t) => {
  const path = newPath();
  await t.throwsAsync(Vchan.connect({ domid: -1, path }), { instanceOf: TypeError });
  await t.throwsAsync(Vchan.connect({ domid: 0, path: 'x'.repeat(60) }), { instanceOf: TypeError });
  await t.throwsAsync(Vchan.listen({ domid: 0, path, leftMin: 2 * MIB }), {
    instanceOf: TypeError,
  });
  const server = await Vchan.listen({ domid: 0, path });
  server.destroy();
  server.destroy();
  t.false(server.isConnected);
  server.onEvent();
});
