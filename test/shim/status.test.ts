// SPDX-License-Identifier: Apache-2.0
// The shim's reports to thawd: answers to EXPECT and STATUS, exits as they arrive, status files.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ApiType, encodeExpect } from '../../toolstack/api/wire.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ERROR, EXIT, EXPECT, OK, SIGNAL, STATUS } = ApiType;

test('STATUS lists processes, and tells of every exit after that', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1, 1);
  await sandbox.expect(2, 0);
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  sandbox.agent.begin(2, false).exit(42);
  const exit = await sandbox.control.nextOf(EXIT);
  t.is(exit.id, 2);
  t.is(await sandbox.statusFile(2), 'exited 42');
  t.deepEqual((await sandbox.status()).processes, [
    { process: 1, flags: 1, hasBegun: false },
    { process: 2, flags: 0, hasBegun: true, exit: { kind: 'exited', code: 42 } },
  ]);
});

test('that its container ran out of memory is in each of them', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1, 1);
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  const process = sandbox.agent.begin(1, false);
  process.eof(1);
  process.eof(2);
  process.exitOnly(9, 2, 3);
  t.is((await sandbox.control.nextOf(EXIT)).arg, 3);
  t.is(await sandbox.statusFile(1), 'signaled 9 oom');
  t.deepEqual((await sandbox.status()).processes, [
    {
      process: 1,
      flags: 1,
      hasBegun: true,
      exit: { kind: 'signaled', signal: 9, oomKilled: true },
    },
  ]);
});

test('EXPECT is refused for an id in use, a relative path, a folder that is not there', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const refuse = async (id: number, log: string, status: string): Promise<number | undefined> => {
    sandbox.control.send(EXPECT, id, 0, encodeExpect(log, status));
    const answer = await sandbox.control.nextOf(ERROR);
    t.is(answer.id, id);
    return answer.arg;
  };
  t.is(await refuse(1, '', '/tmp/x'), 3);
  t.is(await refuse(2, 'log', '/tmp/x'), 1);
  t.is(await refuse(2, '', 'status'), 1);
  t.is(await refuse(2, join(sandbox.dir, 'no/log'), '/tmp/x'), 12);
  t.is(await refuse(0, '', '/tmp/x'), 1);
  sandbox.control.send(EXPECT, 7, 0, encodeFields(['', '/tmp/x', 'more']));
  t.is((await sandbox.control.nextOf(ERROR)).id, 7);
});

test('a status file that cannot be written is written when it can', async (t) => {
  const sandbox = await Sandbox.start(t);
  const folder = join(sandbox.dir, 'later');
  sandbox.control.send(EXPECT, 1, 0, encodeExpect('', join(folder, 'status')));
  t.is((await sandbox.control.next())?.type, OK);
  await sandbox.expect(2);
  sandbox.agent.begin(1, false).exit(4);
  await until('the shim notes it', () => sandbox.note.includes('Cannot write status file'));
  // Independent of the volume of another process's output meanwhile.
  const busy = sandbox.agent.begin(2);
  let isThere = false;
  const talk = (async () => {
    while (!isThere) {
      await busy.write(1, 'on\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  spawnSync('mkdir', [folder]);
  await until('the file is there', () => (isThere = existsSync(join(folder, 'status'))));
  await talk;
  t.is(await sandbox.quit(), 0, sandbox.note);
});

test('a connection that is attached to nothing may signal any process, and an unknown one without harm', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1, 0);
  const process = sandbox.agent.begin(1, false);
  sandbox.control.send(SIGNAL, 5, 15);
  sandbox.control.send(SIGNAL, 1, 15);
  await process.until('SIGTERM', () => process.signals.includes(15));
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
});

test('an ended process makes room: 1500 of them, one after the other', async (t) => {
  t.timeout(600_000);
  const sandbox = await Sandbox.start(t, { release: true });
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  for (let id = 1; id <= 1500; id++) {
    await sandbox.expect(id, 0);
    sandbox.agent.begin(id, false).exit(id & 255);
    await sandbox.control.nextOf(EXIT);
  }
  t.is(await sandbox.statusFile(1500), `exited ${1500 & 255}`);
  const { processes } = await sandbox.status();
  t.is(processes.length, 1024);
  t.is(processes.at(-1)?.process, 1500);
});

test('more processes at once than the shim holds are refused', async (t) => {
  const sandbox = await Sandbox.start(t, { release: true });
  for (let id = 1; id <= 1024; id++) {
    sandbox.control.send(EXPECT, id, 0, encodeExpect('', sandbox.statusPath(id)));
    t.is((await sandbox.control.next())?.type, OK);
  }
  sandbox.control.send(EXPECT, 2000, 0, encodeExpect('', sandbox.statusPath(2000)));
  const answer = await sandbox.control.next();
  t.is(answer?.type, ERROR);
  t.is(answer?.arg, 11);
});
