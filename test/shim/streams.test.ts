// SPDX-License-Identifier: Apache-2.0
// Streams pass complete, separate and in bounded memory from the launcher's pipes to the agent and back.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { startRun } from '../support/shim/run.js';

test('echo | cat: the bytes come back, and the exit status with them', async (t) => {
  const { launched, process, session } = await startRun(t);
  launched.child.stdin?.end('hello\n');
  for await (const chunk of process.input()) await process.write(1, chunk);
  process.exit(3);
  session.done(0);
  t.is(await launched.ended(), 3);
  t.is(launched.stdout.toString(), 'hello\n');
  t.is(launched.stderr, '');
});

test('stdout and stderr stay apart', async (t) => {
  const { launched, process, session } = await startRun(t);
  for (let i = 0; i < 50; i++) {
    await process.write(1, `out ${i}\n`);
    await process.write(2, `err ${i}\n`);
  }
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
  t.is(launched.stdout.toString(), Array.from({ length: 50 }, (_, i) => `out ${i}\n`).join(''));
  t.is(launched.stderr, Array.from({ length: 50 }, (_, i) => `err ${i}\n`).join(''));
});

function peakKib(pid: number | undefined): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]);
}

test('100 MiB go in and come back, in bounded memory', async (t) => {
  t.timeout(180_000);
  const { launched, process, session, sandbox } = await startRun(t, {
    launch: { release: true },
    sandbox: { release: true },
  });
  const sent = createHash('sha256');
  const got = createHash('sha256');
  const block = randomBytes(1 << 20);
  const total = 100;
  const { stdin, stdout } = launched.child;
  stdout?.removeAllListeners('data');
  let received = 0;
  stdout?.on('data', (chunk: Buffer) => {
    received += chunk.length;
    got.update(chunk);
  });
  const feed = (async () => {
    for (let i = 0; i < total; i++) {
      block.writeUInt32LE(i, 0);
      sent.update(block);
      if (!stdin?.write(Buffer.from(block)))
        await new Promise((resolve) => stdin?.once('drain', resolve));
    }
    stdin?.end();
  })();
  for await (const chunk of process.input()) await process.write(1, chunk);
  await feed;
  t.log(`launcher ${peakKib(launched.child.pid)} KiB, shim ${peakKib(sandbox.shim.pid)} KiB`);
  t.true(peakKib(launched.child.pid) < 4096);
  t.true(peakKib(sandbox.shim.pid) < 4096);
  process.exit(0);
  session.done(0);
  t.is(await launched.ended(), 0);
  t.is(received, total << 20);
  t.is(got.digest('hex'), sent.digest('hex'));
});
