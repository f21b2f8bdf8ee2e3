// SPDX-License-Identifier: Apache-2.0
// A container with a terminal has its size, echo, end of input and hang-up.

import test from 'ava';
import { join } from 'node:path';
import { ApiType } from '../../toolstack/api/wire.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.before(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.after.always(async () => {
  await agent.stop();
});

const terminal = { hasTerminal: true, isFed: true, rows: 31, cols: 97 };

test('it has a controlling terminal of the size that START gives, and later ones', async (t) => {
  const process = await startContainer(
    agent,
    'size',
    ['sh', '-c', 'sleep 0.2; stty size < /dev/tty; read x; stty size'],
    terminal,
  );
  await until('the first size is there', () => process.stdout.text.includes('31 97'));
  const size = Buffer.alloc(4);
  size.writeUInt16LE(50, 0);
  size.writeUInt16LE(120, 2);
  agent.data.send(ApiType.WINSIZE, process.id, 0, size);
  await process.write('\n');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.true(process.stdout.text.includes('50 120'), process.stdout.text);
  t.is(process.stderr.bytes, 0);
  t.false(process.order.includes('49:2'));
  await deleteContainer(agent, 'size');
});

test('it echoes, and stderr comes with stdout', async (t) => {
  const process = await startContainer(
    agent,
    'echo',
    ['sh', '-c', 'read x; echo "got $x" >&2; exit 9'],
    terminal,
  );
  await process.write('word\n');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 9 });
  t.is(process.stdout.text, 'word\r\ngot word\r\n');
  await deleteContainer(agent, 'echo');
});

test('the end of stdin is what Ctrl-D types', async (t) => {
  const process = await startContainer(agent, 'eof', ['cat'], terminal);
  await process.write('line\n');
  process.end();
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, 'line\r\nline\r\n');
  await deleteContainer(agent, 'eof');
});

test('Ctrl-C interrupts what runs in the foreground', async (t) => {
  const process = await startContainer(
    agent,
    'intr',
    ['sh', '-c', 'trap "echo intr; exit 7" INT; echo up; while :; do sleep 0.1; done'],
    terminal,
  );
  await until('it runs', () => process.stdout.text.includes('up'));
  await process.write('\x03');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 7 });
  t.true(process.stdout.text.includes('intr'));
  await deleteContainer(agent, 'intr');
});

test('all of a long output comes before its end', async (t) => {
  const process = await startContainer(agent, 'long', ['seq', '1', '100000'], terminal);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.bytes, 588_895 + 100_000);
  await deleteContainer(agent, 'long');
});

test('when nobody reads any more the session is hung up', async (t) => {
  const process = await startContainer(
    agent,
    'hup',
    ['sh', '-c', 'trap "exit 4" HUP; echo up; while :; do sleep 0.1; done'],
    terminal,
  );
  await until('it listens', () => process.stdout.text.includes('up'));
  process.stopReading(1);
  t.deepEqual(await process.ended(), { kind: 'exited', code: 4 });
  await deleteContainer(agent, 'hup');
});
