// SPDX-License-Identifier: Apache-2.0
// Runs a libFuzzer target over parts of the addon for a limited time, under address and undefined-behaviour sanitizers. FUZZ_SECONDS makes it longer,
// FUZZ_CC names another clang++.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ROOT } from './programs.js';

export const FUZZ_SECONDS = Number(process.env['FUZZ_SECONDS'] ?? '5');
const compiler = process.env['FUZZ_CC'] ?? 'clang-19';

/** True when the compiler is installed; else prints the reason to skip. */
export function canFuzz(): boolean {
  const isFound = spawnSync(compiler, ['--version']).status === 0;
  if (!isFound) console.error(`skipped: ${compiler} is not installed`);
  return isFound;
}

export interface FuzzTarget {
  /** The file with LLVMFuzzerTestOneInput, then the files that it needs; relative to the project's root. */
  sources: string[];
  libraries?: string[];
  /** The fuzzer's initial inputs. */
  corpus: Buffer[];
}

/** Compiles the target, runs it, and fails the test on a finding. */
export function runFuzzer(t: ExecutionContext, target: FuzzTarget): void {
  t.timeout(120_000 + FUZZ_SECONDS * 2000);
  const dir = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, 'fuzz');
  const flags = '-std=gnu++17 -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined';
  const made = spawnSync(
    compiler,
    [
      ...flags.split(' '),
      '-fno-sanitize-recover=all',
      // Its run-time library is only part of clang++'s.
      '-fno-sanitize=vptr',
      `-I${join(ROOT, 'bindings/src')}`,
      ...target.sources.map((file) => join(ROOT, file)),
      ...['-o', program, '-lstdc++', ...(target.libraries ?? [])],
    ],
    { encoding: 'utf8' },
  );
  t.is(made.status, 0, made.stderr);
  const corpus = join(dir, 'corpus');
  mkdirSync(corpus);
  target.corpus.forEach((input, i) => writeFileSync(join(corpus, String(i)), input));
  const args = [
    `-max_total_time=${FUZZ_SECONDS}`,
    '-max_len=40000',
    `-artifact_prefix=${dir}/`,
    corpus,
  ];
  const run = spawnSync(program, args, { encoding: 'utf8', cwd: dir });
  t.log(/Done .*/.exec(run.stderr)?.[0] ?? '');
  t.is(run.status, 0, run.stderr.slice(-8000));
}
