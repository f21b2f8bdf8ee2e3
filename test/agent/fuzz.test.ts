// SPDX-License-Identifier: Apache-2.0
// The agent survives a fuzzer's input on its channels and in archives. (Longer: docs/agent-protocol.md.)

import test, { type ExecutionContext } from 'ava';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeProgram, ROOT } from '../support/programs.js';

/** Runs a fuzzer from a corpus that `seed` writes into a folder. A finding fails the test. */
function fuzz(
  t: ExecutionContext,
  program: string,
  { seconds, maxLen, seed }: { seconds: number; maxLen: number; seed: (corpus: string) => void },
): void {
  t.timeout(300_000);
  const out = makeProgram('kernels/agent', 'fuzz');
  const folder = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
  try {
    const corpus = join(folder, 'corpus');
    seed(corpus);
    const limits = [`-max_total_time=${seconds}`, `-max_len=${maxLen}`];
    const { status, stderr } = spawnSync(
      join(out, program),
      [...limits, '-print_final_stats=1', corpus],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const finding = readdirSync(folder).find((name) => /^(crash|leak|oom|timeout)-/.test(name));
    if (finding) t.log(readFileSync(join(folder, finding)).toString('hex'));
    t.is(status, 0, stderr.slice(-4000));
    const runs = Number(/number_of_executed_units: (\d+)/.exec(stderr)?.[1]);
    t.log(`${runs} inputs`);
    t.true(runs > 100);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('twenty seconds of fuzzing, from well-formed conversations', (t) => {
  const seed = (corpus: string): void => {
    execFileSync('node', [join(ROOT, 'test/fuzz/agent-corpus.mjs'), corpus]);
    t.true(readdirSync(corpus).length >= 10);
  };
  fuzz(t, 'agent-fuzz', { seconds: 20, maxLen: 4096, seed });
});

test('ten seconds of archives, from what tar writes in each of its formats', (t) => {
  const seed = (corpus: string): void => {
    const tree = `${corpus}.tree`;
    mkdirSync(corpus);
    mkdirSync(join(tree, 'folder'), { recursive: true });
    writeFileSync(join(tree, 'folder', 'n'.repeat(120)), 'text');
    symlinkSync('l'.repeat(150), join(tree, 'link'));
    for (const format of ['v7', 'ustar', 'gnu', 'pax']) {
      const words = [`--format=${format}`, '-cf', join(corpus, format), '-C', tree, '.'];
      // The v7 format has no space for such names, so tar omits them.
      spawnSync('tar', words);
    }
    t.is(readdirSync(corpus).length, 4);
  };
  fuzz(t, 'tar-fuzz', { seconds: 10, maxLen: 16384, seed });
});
