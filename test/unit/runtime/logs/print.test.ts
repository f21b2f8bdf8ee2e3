// SPDX-License-Identifier: Apache-2.0
// Returns the requested lines of the past and of the running container, also when the file is rotated meanwhile.

import { appendFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { LogOptions } from '../../../../toolstack/api/engine.js';
import { readLogFiles } from '../../../../toolstack/runtime/logs/read.js';
import { printLogs } from '../../../../toolstack/runtime/logs/print.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const at = (second: number) =>
  `2026-11-24T08:04:${String(second).padStart(2, '0')}.000000000+00:00`;
const line = (second: number, text: string, stream = 'stdout', kind = 'F') =>
  `${at(second)} ${stream} ${kind} ${text}\n`;

async function logged(t: ExecutionContext, files: { older?: string; log?: string }) {
  const all = await runningContainer(t);
  const { services, container, records, record } = all;
  const path = records.logPath(record.id);
  if (files.older !== undefined) await writeFile(`${path}.1`, files.older);
  if (files.log !== undefined) await writeFile(path, files.log);
  const print = async (change: Partial<LogOptions> = {}) => {
    const shown = fakeClient();
    const options = { follow: false, timestamps: false, ...change };
    await printLogs(services, container, options, shown.client);
    return { out: shown.out(), err: shown.err() };
  };
  return { ...all, path, print };
}

test('both files are one log, with its streams apart', async (t) => {
  const { print } = await logged(t, {
    older: line(1, 'one') + line(2, 'bad', 'stderr'),
    log: line(3, 'thr', 'stdout', 'P') + line(4, 'ee'),
  });
  t.deepEqual(await print(), { out: 'one\nthree\n', err: 'bad\n' });
});

test('a log that is not there is an empty one', async (t) => {
  const { print } = await logged(t, {});
  t.deepEqual(await print(), { out: '', err: '' });
  t.deepEqual(await print({ tail: 3 }), { out: '', err: '' });
});

test('the end of it, part of its time, and the time of each line', async (t) => {
  const log = line(1, 'one') + line(2, 'two') + line(3, 'th', 'stdout', 'P') + line(4, 'ree');
  const { print } = await logged(t, { log });
  t.is((await print({ tail: 2 })).out, 'two\nthree\n');
  t.is((await print({ tail: 0 })).out, '');
  t.is((await print({ tail: 99 })).out, 'one\ntwo\nthree\n');
  t.is((await print({ since: Date.parse(at(2)), until: Date.parse(at(2)) })).out, 'two\n');
  t.is((await print({ timestamps: true, tail: 1 })).out, `${at(3)} three\n`);
});

test('what is written while somebody follows is shown, through a change of files, to the end', async (t) => {
  const { print, path, container } = await logged(t, { log: line(1, 'one') });
  const following = print({ follow: true });
  await delay(50);
  await appendFile(path, line(2, 'two'));
  await delay(50);
  await appendFile(path, line(3, 'three'));
  await rename(path, `${path}.1`);
  await writeFile(path, line(4, 'four'));
  await delay(50);
  await appendFile(path, line(5, 'five'));
  container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  t.is((await following).out, 'one\ntwo\nthree\nfour\nfive\n');
});

test('who does not follow gets what there was when it was asked for', async (t) => {
  const { path } = await logged(t, { log: line(1, 'one') });
  const files = readLogFiles(path, { signal: new AbortController().signal });
  t.is(String((await files.next()).value), line(1, 'one'));
  await appendFile(path, line(2, 'two'));
  t.true((await files.next()).done);
});
