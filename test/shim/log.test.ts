// SPDX-License-Identifier: Apache-2.0
// The log has the format, partial lines and rotation that podman and kubelet read. A full disk stops only the log.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const RECORD = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00) (stdout|stderr) ([FP]) (.*)$/s;

interface Record {
  time: number;
  stream: string;
  tag: string;
  text: string;
}

function records(path: string): Record[] {
  const lines = readFileSync(path, 'latin1').split('\n');
  if (lines.pop() !== '') throw new Error(`${path} ends within a record`);
  return lines.map((line) => {
    const found = RECORD.exec(line);
    if (!found) throw new Error(`${path} has no record in: ${line.slice(0, 100)}`);
    const [, time = '', stream = '', tag = '', text = ''] = found;
    return { time: Date.parse(time), stream, tag, text };
  });
}

test('whole lines are F, pieces are P, each with time and stream', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const started = Date.now();
  await process.write(1, 'one\ntwo\n');
  await process.write(2, 'wrong\n');
  await process.write(1, 'thr');
  await process.write(1, 'ee\n\n');
  await process.write(1, 'no line feed');
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
  const log = records(sandbox.logPath(1));
  t.deepEqual(
    log.map((r) => `${r.stream} ${r.tag} ${r.text}`),
    [
      'stdout F one',
      'stdout F two',
      'stderr F wrong',
      'stdout P thr',
      'stdout F ee',
      'stdout F ',
      'stdout P no line feed',
      'stdout F ',
    ],
  );
  for (const { time } of log) t.true(Math.abs(time - started) < 60_000);
  t.is(statSync(sandbox.logPath(1)).mode & 0o777, 0o600);
});

test('binary output is all there', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i + (i >> 8)) & 255));
  await process.write(1, bytes, 7000);
  process.exit(0);
  await sandbox.statusFile(1);
  const text = records(sandbox.logPath(1))
    .map((r) => r.text + (r.tag === 'F' ? '\n' : ''))
    .join('');
  t.is(text.slice(0, bytes.length), bytes.toString('latin1'));
});

test('a log that is full becomes FILE.1, and no record is torn', async (t) => {
  const sandbox = await Sandbox.start(t, { args: ['--log-max', '200000'] });
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  for (let i = 0; i < 6000; i++) await process.write(1, `line ${i} ${'.'.repeat(50)}\n`);
  process.exit(0);
  await sandbox.statusFile(1);
  const old = records(`${sandbox.logPath(1)}.1`);
  const now = records(sandbox.logPath(1));
  t.true(statSync(sandbox.logPath(1)).size <= 200_000);
  t.true(statSync(`${sandbox.logPath(1)}.1`).size <= 200_000);
  // A line split over two frames becomes two records: P, then F.
  const lines = [...old, ...now].map((r) => r.text + (r.tag === 'F' ? '\n' : '')).join('');
  const numbers = lines.match(/^line \d+/gm)?.map((line) => Number(line.slice(5))) ?? [];
  t.is(numbers.at(-1), 5999);
  numbers.forEach((n, i) => {
    t.is(n, (numbers[0] ?? 0) + i);
  });
});

test('a log appends to what is there', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (const id of [1, 2]) {
    await sandbox.expect(id);
    const process = sandbox.agent.begin(id);
    await process.write(1, `process ${id}\n`);
    process.exit(0);
    await sandbox.statusFile(id);
  }
  t.is(records(sandbox.logPath(2))[0]?.text, 'process 2');
});

test('a full disk stops only the log, which goes on when there is room', async (t) => {
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()]);
  if (probe.status !== 0) {
    t.log('skipped: mounting a small tmpfs needs root');
    t.pass();
    return;
  }
  const logs = mkdtempSync(join(tmpdir(), 'thaw-logs-'));
  t.teardown(() => {
    rmSync(logs, { recursive: true, force: true });
  });
  const sandbox = await Sandbox.start(t, {
    logs,
    prefix: [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount -t tmpfs -o size=256k none ${logs} && exec "$0" "$@"`,
    ],
  });
  const inside = (path: string): string => `/proc/${sandbox.shim.pid}/root${path}`;
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const line = `${'x'.repeat(99)}\n`;
  for (let i = 0; i < 4000; i++) await process.write(1, line);
  await until('the shim notes it', () => sandbox.note.includes('No space left on device'));
  t.is(sandbox.note.split('Cannot write the log').length, 2, 'one note, not one a write');
  t.true(records(inside(sandbox.logPath(1))).length > 1000);
  t.is((await sandbox.status()).state, 'up');
  const pid = String(sandbox.shim.pid);
  t.is(
    spawnSync('nsenter', ['-t', pid, '-m', '-r', 'mount', '-o', 'remount,size=4m', logs]).status,
    0,
  );
  await until('the log goes on', async () => {
    await process.write(2, 'after\n');
    return sandbox.note.includes('is written again');
  });
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
  t.is(records(inside(sandbox.logPath(1))).at(-1)?.text, 'after');
  t.is(await sandbox.quit(), 0, sandbox.note);
});

test('a process without a log has none', async (t) => {
  const sandbox = await Sandbox.start(t);
  const { encodeExpect, ApiType } = await import('../../toolstack/api/wire.js');
  sandbox.control.send(ApiType.EXPECT, 1, 0, encodeExpect('', sandbox.statusPath(1)));
  await sandbox.control.nextOf(ApiType.OK);
  const process = sandbox.agent.begin(1, false);
  await process.write(1, Buffer.alloc(1 << 20, 'x'));
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
  t.false(existsSync(sandbox.logPath(1)));
});
