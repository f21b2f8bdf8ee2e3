// SPDX-License-Identifier: Apache-2.0
// A bounded run of the fuzz targets: no input of guest, client or relay breaks the shim. FUZZ_SECONDS makes it longer.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../support/programs.js';

const seconds = process.env['FUZZ_SECONDS'] ?? '10';
const compiler = process.env['FUZZ_CC'] ?? 'clang-19';
const found = spawnSync(compiler, ['--version']).status === 0;

for (const target of ['guest', 'client', 'relay']) {
  test(`what a ${target} may send, for ${seconds} s`, (t) => {
    if (!found) {
      t.log(`skipped: ${compiler} is not installed`);
      t.pass();
      return;
    }
    t.timeout(120_000 + Number(seconds) * 2000);
    const dir = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
    t.teardown(() => {
      rmSync(dir, { recursive: true, force: true });
    });
    const made = spawnSync(
      'make',
      [
        '-s',
        '-C',
        join(ROOT, 'toolstack/shim'),
        `OUT=${dir}`,
        `FUZZ_CC=${compiler}`,
        join(dir, `shim-${target}-fuzz`),
      ],
      { encoding: 'utf8' },
    );
    t.is(made.status, 0, made.stderr);
    const args = [`-max_total_time=${seconds}`, '-max_len=4096', `-artifact_prefix=${dir}/`];
    // The monitor notes each message that it refuses.
    if (target === 'relay') args.push('-close_fd_mask=2');
    const run = spawnSync(join(dir, `shim-${target}-fuzz`), args, { encoding: 'utf8', cwd: dir });
    t.log(/Done .*/.exec(run.stderr)?.[0] ?? '');
    t.is(run.status, 0, run.stderr.slice(-8000));
  });
}
