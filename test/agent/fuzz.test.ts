// SPDX-License-Identifier: Apache-2.0
// Does the agent stand twenty seconds of what a fuzzer thinks of? (Longer: docs/agent-protocol.md.)

import test from 'ava';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeProgram, ROOT } from '../support/programs.js';

test('twenty seconds of fuzzing, from well-formed conversations', (t) => {
  t.timeout(300_000);
  const out = makeProgram('kernels/agent', 'fuzz');
  const folder = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
  try {
    const corpus = join(folder, 'corpus');
    execFileSync('node', [join(ROOT, 'test/fuzz/agent-corpus.mjs'), corpus]);
    t.true(readdirSync(corpus).length >= 10);
    const options = ['-max_total_time=20', '-max_len=4096', '-print_final_stats=1', corpus];
    const { status, stderr } = spawnSync(join(out, 'agent-fuzz'), options, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const finding = readdirSync(folder).find((name) => /^(crash|leak|oom|timeout)-/.test(name));
    if (finding) t.log(readFileSync(join(folder, finding)).toString('hex'));
    t.is(status, 0, stderr.slice(-4000));
    const runs = Number(/number_of_executed_units: (\d+)/.exec(stderr)?.[1]);
    t.log(`${runs} inputs`);
    t.true(runs > 100);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
