// SPDX-License-Identifier: Apache-2.0
// A failed test is run once more alone. If it passes then, the run passes and reports the test as flaky.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { suitesTree } from '../../support/scripts/suites.js';

test('a test that passes the second time is flaky, counts as passed, and its suite is not remembered', async (t) => {
  const { bash, remembered } = suitesTree(t);
  const { status, end, stderr } = await bash(`
    fake() { test_of fake 1 'a › good'; test_of fake 2 'a › sometimes'; }
    suite_fake() { tap fake tap_of fake; }
    suite_sound() { tap sound tap_of test_of sound 1 good; }
    run fake sound`);
  t.is(status, 0, stderr);
  t.deepEqual(end, ['flaky: fake: a › sometimes', '3 passed, 0 failed']);
  t.regex(stderr, /fake: a › sometimes goes into the list/);
  // Alone: the passed test is not run again.
  t.regex(stderr, /Suite fake: 1 passed, 1 failed[^]*Suite fake: 1 passed, 0 failed/);
  t.deepEqual(remembered(), ['sound']);
});

test('a test that fails twice fails the run, whatever else is flaky', async (t) => {
  const { bash, remembered } = suitesTree(t);
  const { status, lines, end, stderr } = await bash(`
    fake() { test_of fake 3 never; test_of fake 2 sometimes; }
    suite_fake() { tap fake tap_of fake; }
    run fake`);
  t.is(status, 1);
  t.deepEqual(end, ['flaky: fake: sometimes', '1 passed, 1 failed']);
  t.true(lines.includes('fake: not ok 1 - never'), stderr);
  t.deepEqual(remembered(), []);
});

test('a second try in which that very test did not pass is none', async (t) => {
  const { bash } = suitesTree(t);
  const { status, lines } = await bash(`
    fake() {
      bad=0
      if fails_until 2 fake; then echo "$1"; else bad=1; echo 'not ok 1 - a'; fi
      echo "# fail $bad"; return $bad
    }
    suite_other() { tap other fake 'ok 1 - b'; }
    suite_skips() { tap skips fake 'ok 1 - a # SKIP'; }
    run other; first=$?
    rm "$THAW_ROOT/build/fake" "$LOGS"/c*
    run skips || exit $first`);
  t.is(status, 1);
  t.deepEqual(
    lines.filter((line) => / passed, /.test(line)),
    ['0 passed, 1 failed', '0 passed, 1 failed'],
  );
});

test('a suite that broke off, ran nothing or looks at what others left is run again as a whole', async (t) => {
  const { bash } = suitesTree(t);
  const { status, end, stderr } = await bash(`
    ends() { echo 'ok 1 - a'; fails_until 2 ends || return 124; echo 'ok 2 - b'; echo '# fail 0'; }
    suite_ends() { tap ends ends; }
    nothing() { ! fails_until 2 nothing || echo 'ok 1 - c'; echo '# fail 0'; }
    suite_nothing() { tap nothing nothing; }
    left() {
      echo 'ok 1 - d'
      test_of left 2 'xen › leaks › x'
    }
    suite_left() { tap left tap_of left; }
    suite_status() { lines status status; }
    status() { echo 'ok e'; fails_until 2 status; }
    run ends nothing left status`);
  t.is(status, 0, stderr);
  t.deepEqual(end, [
    'flaky: ends: the suite, which broke off',
    'flaky: left: xen › leaks › x',
    'flaky: nothing: the suite, which broke off',
    'flaky: status: the suite, which broke off',
    '6 passed, 0 failed',
  ]);
});

test('suites that are no TAP try the named piece, or the part that has the test', async (t) => {
  const { bash, root } = suitesTree(t);
  const { status, end, stderr } = await bash(`
    echo >>"$THAW_ROOT/build/asked"
    pieces() {
      local piece
      echo "pieces $*" >>"$THAW_ROOT/build/asked"
      for piece in "\${@:-lint}"; do
        if fails_until 2 lint; then echo "ok      $piece 1 s"; else echo "FAILED  $piece"; bad=1; fi
      done
      [ -z "\${bad:-}" ]
    }
    suite_pieces() { lines pieces pieces "\${PARTS_ONLY[@]}"; }
    parts() {
      echo "parts $*" >>"$THAW_ROOT/build/asked"
      if fails_until 2 parts; then printf '%s\\n' '== two' 'ok   a' 'ok   b' '2 passed, 0 failed'; return; fi
      printf '%s\\n' '== one' 'ok   0' '== two' 'FAIL a' '     why' 'FAIL b' '1 passed, 2 failed'
      return 1
    }
    suite_parts() { totals parts parts "\${PARTS_ONLY[@]}"; }
    run pieces parts`);
  t.is(status, 0, stderr);
  const flaky = ['flaky: parts: a', 'flaky: parts: b', 'flaky: pieces: lint'];
  t.deepEqual(end, [...flaky, '4 passed, 0 failed']);
  const asked = readFileSync(join(root, 'build/asked'), 'utf8').trim().split('\n');
  t.deepEqual(asked, ['pieces ', 'parts ', 'parts two', 'pieces lint']);
});

test('more failures than may be chance, or too little time, are failures', async (t) => {
  const { bash } = suitesTree(t);
  const suite = `
    many() { for n in $(seq 9); do test_of many 2 "$n"; done; }
    suite_many() { tap many tap_of many; }
    slow() { test_of slow 99 slow; }
    suite_slow() { tap slow tap_of slow; }
    hangs() { ! fails_until 2 hangs || sleep 100; echo 'not ok 1 - a'; echo '# fail 1'; }
    suite_hangs() { tap hangs hangs; }`;
  const many = await bash(`${suite}; run many`);
  t.is(many.status, 1);
  t.is(many.lines.at(-1), '0 passed, 9 failed');
  t.regex(many.stderr, /No second try: 9 failures/);
  const late = await bash(`${suite}; SECOND_SECONDS=0; run slow`);
  t.is(late.lines.at(-1), '0 passed, 1 failed');
  t.regex(late.stderr, /No second try of slow: slow: it took 0 s, and 0 s are left/);
  const ci = await bash(`${suite}; SECOND_CI_END=0; run slow`, { CI: 'true' });
  t.is(ci.lines.at(-1), '0 passed, 1 failed');
  const started = performance.now();
  const hung = await bash(`${suite}; SECOND_SECONDS=3; run hangs`);
  t.is(hung.lines.at(-1), '0 passed, 1 failed');
  t.true(performance.now() - started < 60_000);
});

test('a name that stands in the list of docs/testing.md is to be mended', async (t) => {
  const { bash } = suitesTree(t);
  const { end, stderr } = await bash(`
    suite_old() { tap old tap_of test_of old 2 'a | b'; }
    run old`);
  t.deepEqual(end, ['flaky: old: a | b', '1 passed, 0 failed']);
  t.regex(stderr, /old: a \| b was flaky before .*mend it before other work/);
});
