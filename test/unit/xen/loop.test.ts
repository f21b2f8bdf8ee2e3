// SPDX-License-Identifier: Apache-2.0
// One loop device for a file, shared and counted. losetup is a script of the test's own, which keeps its table in a file.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { LoopDevices } from '../../../toolstack/xen/loop.js';

// A line of the table is a device and its file, "-" for none. A detach takes its time.
const LOSETUP = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
case $1 in
--list) awk 'BEGIN { printf "{\\"loopdevices\\":[" }
  { printf "%s{\\"name\\":\\"%s\\",\\"back-file\\":%s}", (NR > 1 ? "," : ""), $1, ($2 == "-" ? "null" : "\\"" $2 "\\"") }
  END { print "]}" }' table ;;
--find)
  case $4 in *broken*) exit 1 ;; esac
  name=/dev/loop$(wc -l <table)
  echo "$name $4" >>table
  echo "$name" ;;
--detach)
  sleep 0.3
  grep -v "^$2 " table >new
  mv new table ;;
*) exit 2 ;;
esac
`;

/** Puts the script first on PATH; returns what reads its table. */
async function fakeLosetup(t: ExecutionContext, table = ''): Promise<() => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-loop-'));
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${folder}:${path}`;
  t.teardown(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(join(folder, 'losetup'), LOSETUP);
  await chmod(join(folder, 'losetup'), 0o755);
  await writeFile(join(folder, 'table'), table);
  return () => readFile(join(folder, 'table'), 'utf8');
}

test.serial('a file has one device for all, gone with the last', async (t) => {
  const table = await fakeLosetup(t);
  const loops = new LoopDevices();
  t.deepEqual(await Promise.all([loops.acquire('/l/a'), loops.acquire('/l/a')]), [
    '/dev/loop0',
    '/dev/loop0',
  ]);
  await loops.release('/l/a');
  t.is(await table(), '/dev/loop0 /l/a\n');
  await loops.release('/l/a');
  await loops.release('/l/a');
  t.is(await table(), '');
});

test.serial('a device that an earlier thawd left on the file is taken over', async (t) => {
  await fakeLosetup(t, '/dev/loop9 /l/a\n');
  t.is(await new LoopDevices().acquire('/l/a'), '/dev/loop9');
});

test.serial('a failure has its code and is not kept', async (t) => {
  await fakeLosetup(t);
  const loops = new LoopDevices();
  await t.throwsAsync(loops.acquire('/l/broken'), { code: 'ERR_XEN_LOOP' });
  await t.throwsAsync(loops.acquire('/l/broken'), { code: 'ERR_XEN_LOOP' });
  await t.notThrowsAsync(loops.release('/l/broken'));
});

test.serial('a sweep detaches what nobody holds below a folder, and nothing else', async (t) => {
  const others = '/dev/loop5 /l/stale\n/dev/loop6 /layers/other\n/dev/loop7 -\n';
  const table = await fakeLosetup(t, others);
  const loops = new LoopDevices();
  await loops.acquire('/l/a');
  await loops.sweep('/l');
  t.is(await table(), '/dev/loop6 /layers/other\n/dev/loop7 -\n/dev/loop3 /l/a\n');
});

test.serial('a file that is acquired while it is released has a device', async (t) => {
  const table = await fakeLosetup(t);
  const loops = new LoopDevices();
  await loops.acquire('/l/a');
  const [, device] = await Promise.all([loops.release('/l/a'), loops.acquire('/l/a')]);
  t.is(await table(), `${device} /l/a\n`);
});
