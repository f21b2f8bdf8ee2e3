// SPDX-License-Identifier: Apache-2.0
// The audit log: whole JSON lines, rotation, and a disk that cannot be written.

import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import type { AuditEvent } from '../../../../toolstack/policy/audit/entry.js';
import { AuditLog } from '../../../../toolstack/policy/audit/log.js';
import { ALICE } from '../../../support/policy/policy-of.js';

const EVENT: AuditEvent = { event: 'change', verb: 'run', what: ['web'], result: 'done', ms: 3 };

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'thaw-audit-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function lines(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  checkWhole(text);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function checkWhole(text: string): void {
  if (!text.endsWith('\n')) throw new Error('The last line is not whole');
}

test('a line for each event, for root alone', async (t) => {
  const path = join(await folder(t), 'log', 'audit.log');
  const audit = new AuditLog(path, silentLog());
  audit.write(EVENT, ALICE, 'alice');
  audit.write({ ...EVENT, result: 'failed', reason: 'x', code: 'ERR_X' }, ALICE, 'alice');
  await audit.flush();
  t.is((await stat(path)).mode & 0o777, 0o600);
  const [first, second] = await lines(path);
  t.like(first, { user: 'alice', uid: 1000, gid: 1000, pid: 2, verb: 'run', what: ['web'], ms: 3 });
  t.regex(String(first?.['time']), /^\d{4}-\d\d-\d\dT.*Z$/);
  t.like(second, { result: 'failed', code: 'ERR_X', reason: 'x' });
});

test('texts are cleaned and short', async (t) => {
  const path = join(await folder(t), 'audit.log');
  const audit = new AuditLog(path, silentLog());
  const what = Array.from({ length: 50 }, () => `\u001b[2J\u202e${'x'.repeat(5000)}\n`);
  audit.write({ ...EVENT, what, reason: 'y\n'.repeat(5000) }, ALICE, 'al\nice');
  await audit.flush();
  const text = await readFile(path, 'utf8');
  t.is(text.split('\n').length, 2);
  t.true(text.length < 20 * 300 + 1000);
  t.notRegex(text, /\\u001b|\u202e/);
});

test('a large file is renamed, and the oldest is dropped', async (t) => {
  const path = join(await folder(t), 'audit.log');
  const audit = new AuditLog(path, silentLog(), 100);
  for (let i = 0; i < 8; i++) {
    audit.write({ ...EVENT, ms: i }, ALICE, 'alice');
    await audit.flush();
  }
  const names = (await readdir(join(path, '..'))).sort();
  t.deepEqual(names, ['audit.log', ...[1, 2, 3, 4].map((n) => `audit.log.${n}`)]);
  t.is((await lines(path))[0]?.['ms'], 7);
  t.is((await lines(`${path}.4`))[0]?.['ms'], 3);
});

test('a file that cannot be written stops nobody, and the loss has a line afterwards', async (t) => {
  const path = join(await folder(t), 'audit.log');
  // A folder in the file's place fails each write, also root's.
  await mkdir(path);
  const audit = new AuditLog(path, silentLog());
  for (let i = 0; i < 3; i++) audit.write(EVENT, ALICE, 'alice');
  await audit.flush();
  await rmdir(path);
  audit.write(EVENT, ALICE, 'alice');
  await audit.flush();
  const [lost, later] = await lines(path);
  t.like(lost, { event: 'lost', lines: 3 });
  t.like(later, { event: 'change' });
});

test('no more lines wait than memory has room for', async (t) => {
  const path = join(await folder(t), 'audit.log');
  const audit = new AuditLog(path, silentLog());
  for (let i = 0; i < 10_005; i++) audit.write(EVENT, ALICE, 'alice');
  await audit.flush();
  const [lost] = await lines(path);
  t.like(lost, { event: 'lost', lines: 5 });
});

test('an empty path is no file', async (t) => {
  const audit = new AuditLog('', silentLog());
  audit.write(EVENT, ALICE, 'alice');
  await audit.flush();
  t.pass();
});
