// SPDX-License-Identifier: Apache-2.0
// A bounded run of the trimmer's fuzz target under address and undefined-behaviour sanitizers. FUZZ_SECONDS makes it longer.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../../support/programs.js';
import { TYPE, pageData, record, saveStream } from '../../support/save-stream.js';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? '5');
const compiler = process.env['FUZZ_CC'] ?? 'clang-19';
const found = spawnSync(compiler, ['--version']).status === 0;
const declare = found ? test : test.skip;
if (!found) console.error(`skipped: ${compiler} is not installed`);

declare(`any stream, for ${seconds} s`, (t) => {
  t.timeout(120_000 + seconds * 2000);
  const dir = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, 'trim-stream-fuzz');
  const sources = ['test/fuzz/trim_stream_fuzz.cpp', 'bindings/src/util/trim_stream.cpp'];
  const flags = '-std=gnu++17 -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined';
  const made = spawnSync(
    compiler,
    [
      ...flags.split(' '),
      '-fno-sanitize-recover=all',
      `-I${join(ROOT, 'bindings/src')}`,
      ...sources.map((file) => join(ROOT, file)),
      '-o',
      program,
      '-lstdc++',
    ],
    { encoding: 'utf8' },
  );
  t.is(made.status, 0, made.stderr);
  const corpus = join(dir, 'corpus');
  mkdirSync(corpus);
  const pages = [{ pfn: 1n, fill: 1 }, { pfn: 2n }, { pfn: 3n, type: TYPE.xtab }];
  const again = record(1, pageData([{ pfn: 1n }]));
  const stream = saveStream([record(0x10), record(1, pageData(pages)), again]);
  writeFileSync(join(corpus, 'whole'), stream);
  writeFileSync(join(corpus, 'small'), saveStream([record(9, Buffer.alloc(20, 5))]));
  const args = [`-max_total_time=${seconds}`, '-max_len=20000', `-artifact_prefix=${dir}/`, corpus];
  const run = spawnSync(program, args, { encoding: 'utf8', cwd: dir });
  t.log(/Done .*/.exec(run.stderr)?.[0] ?? '');
  t.is(run.status, 0, run.stderr.slice(-8000));
});
