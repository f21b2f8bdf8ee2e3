// SPDX-License-Identifier: Apache-2.0
// posix-files passes on a guest's folder and on Linux's own file systems.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { makeProgram } from '../../support/programs.js';
import { scratch } from '../../support/ninep/client.js';

const CASES = 57;

test('posix-files passes on a file system of this machine', (t) => {
  t.timeout(300_000);
  const program = join(makeProgram('test/fixtures'), 'posix-files');
  const run = spawnSync(program, [scratch(t), '--files', '100000'], { encoding: 'utf8' });
  const lines = run.stdout.trim().split('\n');
  t.deepEqual(
    lines.filter((line) => !/^ok [a-z-]+( # SKIP needs root)?$/.test(line)),
    [],
  );
  t.is(lines.length, CASES);
  t.is(run.status, 0, run.stderr);
});

test('a case that fails is told with its reason, and in the exit status', (t) => {
  const program = join(makeProgram('test/fixtures'), 'posix-files');
  // /proc accepts no new file.
  const run = spawnSync(program, ['/proc/self/fd', 'append'], { encoding: 'utf8' });
  t.regex(run.stdout, /^not ok append: cannot begin: /);
  t.is(run.status, 1);
});
