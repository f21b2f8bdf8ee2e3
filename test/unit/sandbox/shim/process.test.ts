// SPDX-License-Identifier: Apache-2.0
// A spawner process starts shims on request, one line each. test/shim/spawner.test.ts tests the program itself.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../../toolstack/base/ids.js';
import type { SandboxCgroups } from '../../../../toolstack/sandbox/shim/cgroups.js';
import { shimSocket, ShimSpawner } from '../../../../toolstack/sandbox/shim/process.js';

async function spawnerOf(t: ExecutionContext, script: string, cgroups?: SandboxCgroups) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-spawner-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'program');
  // Not written by this process: a program that a parallel test starts would inherit it open for writing, and running it would fail.
  const input = `#!/bin/sh\n${script}\n`;
  execFileSync('sh', ['-c', 'cat >"$0" && chmod 755 "$0"', program], { input });
  const spawner = new ShimSpawner(program, cgroups);
  t.teardown(() => spawner.close());
  return { spawner, folder };
}

test('each shim is a line with domain, ring, channel and folder, answered in order', async (t) => {
  const { spawner, folder } = await spawnerOf(
    t,
    'cd "$(dirname "$0")"; n=100; while read -r line; do echo "$line" >>lines; n=$((n + 1)); echo $n; done',
  );
  const pids = await Promise.all(
    [7, 8, 9].map((n) =>
      spawner.start(asDomid(n), `/run/${n}`, n === 8 ? { ref: 17, port: 4, order: 17 } : undefined),
    ),
  );
  t.deepEqual(pids, [101, 102, 103]);
  t.is(
    await readFile(join(folder, 'lines'), 'utf8'),
    [7, 8, 9]
      .map((n) => `${n} ${n === 8 ? '17:4' : '-'} /local/domain/${n}/data/thaw/data - /run/${n}\n`)
      .join(''),
  );
  t.is(shimSocket('/run/7'), '/run/7/shim.sock');
});

test('a shim that cannot be started is said to be so', async (t) => {
  const { spawner } = await spawnerOf(t, 'while read -r line; do echo "error No such file"; done');
  const error = await t.throwsAsync(spawner.start(asDomid(7), '/x'), { code: 'ERR_SHIM_START' });
  t.regex(error?.message ?? '', /No such file/);
});

test('a spawner that ended is started again', async (t) => {
  const { spawner } = await spawnerOf(t, 'read -r line; echo 5');
  t.is(await spawner.start(asDomid(7), '/x'), 5);
  // The client may or may not have seen its end by now.
  t.is(await spawner.start(asDomid(7), '/x'), 5);
});

test('one that ends without an answer, or is not there, fails the start', async (t) => {
  const { spawner, folder } = await spawnerOf(t, 'read -r line; exit 1');
  await t.throwsAsync(spawner.start(asDomid(7), '/x'), { code: 'ERR_SHIM_START' });
  const missing = new ShimSpawner(join(folder, 'missing'));
  await t.throwsAsync(missing.start(asDomid(7), '/x'), { code: 'ERR_SHIM_START' });
  await t.throwsAsync(spawner.start(asDomid(7), '/a\nb'), { code: 'ERR_SHIM_START' });
});
