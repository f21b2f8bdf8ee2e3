// SPDX-License-Identifier: Apache-2.0
// A container's record is read back as written. An unreadable record does not affect the rest.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newContainerId } from '../../../../toolstack/base/ids.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { RecordStore } from '../../../../toolstack/runtime/store/record.js';
import { parseStatus } from '../../../../toolstack/sandbox/shim/exit-file.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

async function store(t: ExecutionContext) {
  const base = await mkdtemp(join(tmpdir(), 'thaw-records-'));
  t.teardown(() => rm(base, { recursive: true, force: true }));
  const folder = join(base, 'containers');
  return { folder, records: new RecordStore(folder) };
}

test('records come back as they went', async (t) => {
  const { records } = await store(t);
  const all = [containerRecord({ name: 'one' }), containerRecord({ name: 'two', rm: true })];
  for (const record of all) await records.save(record);
  const loaded = await records.loadAll(silentLog());
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  t.deepEqual(loaded.sort(byName), all);
});

test('a record is for root alone', async (t) => {
  const { folder, records } = await store(t);
  const record = containerRecord();
  await records.save(record);
  t.is((await stat(join(folder, record.id))).mode & 0o777, 0o700);
  t.is((await stat(join(folder, record.id, 'state.json'))).mode & 0o777, 0o600);
});

test('a removed record is gone with its log and status; twice is as good as once', async (t) => {
  const { folder, records } = await store(t);
  const record = containerRecord();
  await records.save(record);
  await writeFile(records.logPath(record.id), 'log');
  await writeFile(records.statusPath(record.id), 'exited 0\n');
  await records.remove(record.id);
  await records.remove(record.id);
  t.deepEqual(await readdir(folder), []);
});

test('what a killed thawd was writing of a record is not left', async (t) => {
  const { folder, records } = await store(t);
  const record = containerRecord();
  await records.save(record);
  await writeFile(join(folder, record.id, 'state.json.tmp-4194305-0'), 'half');
  t.deepEqual(await records.loadAll(silentLog()), [record]);
  t.deepEqual(await readdir(join(folder, record.id)), ['state.json']);
});

test('a folder whose state cannot be read is put aside with what is in it, the others are loaded', async (t) => {
  const { folder, records } = await store(t);
  const record = containerRecord();
  await records.save(record);
  await mkdir(join(folder, 'empty'));
  await mkdir(join(folder, 'cut'));
  await writeFile(join(folder, 'cut', 'state.json'), '{"id": "x');
  await writeFile(join(folder, 'cut', 'upper.ext4'), 'data');
  for (let round = 0; round < 2; round++) {
    t.deepEqual(await records.loadAll(silentLog()), [record]);
    t.deepEqual((await readdir(folder)).sort(), [record.id, 'unreadable-cut'].sort());
  }
  t.is(await readFile(join(folder, 'unreadable-cut', 'upper.ext4'), 'utf8'), 'data');
});

test('the first start of all finds no containers', async (t) => {
  const { records } = await store(t);
  t.deepEqual(await records.loadAll(silentLog()), []);
});

test("the shim's status file is read, and may be missing", async (t) => {
  const { records } = await store(t);
  const id = newContainerId();
  t.is(await records.readStatus(id), undefined);
  await mkdir(dirname(records.statusPath(id)), { recursive: true });
  await writeFile(records.statusPath(id), 'exited 3\n');
  t.deepEqual(await records.readStatus(id), { exit: { kind: 'exited', code: 3 } });
});

test('a status is an exit, a signal or a loss', (t) => {
  t.deepEqual(parseStatus('exited 0\n'), { exit: { kind: 'exited', code: 0 } });
  t.deepEqual(parseStatus('exited 255\n'), { exit: { kind: 'exited', code: 255 } });
  t.deepEqual(parseStatus('signaled 9\n'), { exit: { kind: 'signaled', signal: 9 } });
  t.deepEqual(parseStatus('exited 137 oom\n'), {
    exit: { kind: 'exited', code: 137, oomKilled: true },
  });
  t.is(parseStatus('exited x\n'), undefined);
  t.deepEqual(parseStatus('lost domain destroyed\n'), { reason: 'domain destroyed' });
  for (const text of ['', '\n', 'exited', 'gone 3', 'EXITED 3']) t.is(parseStatus(text), undefined);
});
