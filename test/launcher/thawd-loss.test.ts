// SPDX-License-Identifier: Apache-2.0
// A killed thawd does not affect a running container. A command that loses thawd says so.

import { createHash, randomBytes } from 'node:crypto';
import test from 'ava';
import { FakeThawd } from '../support/shim/fake-thawd.js';
import { launch } from '../support/shim/launch.js';
import { startRun } from '../support/shim/run.js';
import { join } from 'node:path';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';

test('kill -9 of thawd within 100 MiB loses and repeats nothing', async (t) => {
  t.timeout(120_000);
  const { launched, process, thawd } = await startRun(t, {
    launch: { release: true },
    sandbox: { release: true },
  });
  const sent = createHash('sha256');
  const got = createHash('sha256');
  let received = 0;
  launched.child.stdout?.removeAllListeners('data');
  launched.child.stdout?.on('data', (chunk: Buffer) => {
    received += chunk.length;
    got.update(chunk);
    if (received > 30 << 20) thawd.kill();
  });
  const { stdin } = launched.child;
  const feed = (async () => {
    for (let i = 0; i < 100; i++) {
      const block = randomBytes(1 << 20);
      sent.update(block);
      if (!stdin?.write(block)) await new Promise((resolve) => stdin?.once('drain', resolve));
    }
    stdin?.end();
  })();
  for await (const chunk of process.input()) await process.write(1, chunk);
  await feed;
  process.exit(17);
  t.is(await launched.ended(), 17);
  t.is(received, 100 << 20);
  t.is(got.digest('hex'), sent.digest('hex'));
  t.is(launched.stderr, '');
});

test('thawd lost before a process is joined: one line, status 125', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-launcher-'));
  const thawd = await FakeThawd.listen(join(dir, 'thawd.sock'));
  const launched = launch(t, thawd.path);
  (await thawd.session()).output(1, 'pulling\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  thawd.kill();
  t.is(await launched.ended(), 125);
  t.is(launched.stdout.toString(), 'pulling\n');
  t.is(launched.stderr, 'thaw: Lost the connection to thawd: it ended; see its log\n');
});

test('thawd lost after a part of the command: one line, status 125', async (t) => {
  const { launched, process, thawd } = await startRun(t, { flags: 0, joinFlags: 2048 });
  process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  thawd.kill();
  t.is(await launched.ended(), 125);
  t.is(launched.stderr, 'thaw: Lost the connection to thawd: it ended; see its log\n');
});

test('thawd lost before it started the process: SIGINT lets the launcher go', async (t) => {
  const { launched, thawd } = await startRun(t, { begun: false });
  thawd.kill();
  // A signal that arrives before the launcher learns that thawd is gone goes to the process.
  const again = setInterval(() => launched.child.kill('SIGINT'), 100);
  t.is(await launched.ended(), 130);
  clearInterval(again);
});

test('the launcher killed: the process goes on, its input ends, its output is logged', async (t) => {
  const { launched, process, sandbox } = await startRun(t);
  launched.child.stdin?.write('some');
  let text = '';
  for await (const chunk of process.input()) {
    text += chunk.toString();
    if (text === 'some') launched.child.kill('SIGKILL');
  }
  t.is(text, 'some');
  await process.write(1, Buffer.alloc(1 << 20, 'x'));
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
  t.is(await sandbox.quit(), 0, sandbox.note);
});
