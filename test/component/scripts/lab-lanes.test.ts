// SPDX-License-Identifier: Apache-2.0
// Labs take the suites that need one. A lab that fails to start, or dies, is started once more, and second tries have a fresh one.

import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { suitesTree } from '../../support/scripts/suites.js';

/** Labs that are files in build/up, and a list of the requests to them. `broken` names the failing step and how often it fails. */
function labsTree(t: ExecutionContext) {
  const tree = suitesTree(t);
  tree.write(
    'scripts/lab',
    `#!/bin/sh
verb=$1 name=$3
mkdir -p build/up; cd build
fails() { [ "$(cat "fails-$1" 2>/dev/null || echo 0)" -gt 0 ] && echo $(($(cat "fails-$1") - 1)) >"fails-$1"; }
case $verb in
up) echo "up $name $4" >>asked; ! fails "$name" || exit 1; touch "up/$name" ;;
down) rm -f "up/$name" ;;
*) [ -e "up/$name" ] ;;
esac
`,
  );
  chmodSync(join(tree.root, 'scripts/lab'), 0o755);
  const run = (script: string) =>
    tree.bash(`
      unset -f second_lab
      . scripts/lib/setup.sh; . scripts/lib/lab-lanes.sh
      LAB=l LABS=2 LAB_QUEUE='one two hundred'
      run_suite() { pass_suite "$1" "$2"; }
      # in_lab LAB COMMAND...: what a suite does there.
      in_lab() { [ -e "build/up/$1" ] && "\${@:2}"; }
      queue() { lab_lanes "$*"; second_tries; end_labs; ls build/up >&2; summary "$*"; }
      suite_one() { tap one in_lab "$1" tap_of test_of one 1 a; }
      suite_two() { tap two in_lab "$1" tap_of test_of two 1 b; }
      ${script}`);
  const asked = () => readFileSync(join(tree.root, 'build/asked'), 'utf8').trim().split('\n');
  return { ...tree, run, asked };
}

test('a lab that does not start is started once more, and the run says so', async (t) => {
  const { run, write, asked } = labsTree(t);
  write('build/fails-l-1', '1');
  const { status, end, stderr } = await run('LABS=1; queue one two');
  t.is(status, 0, stderr);
  t.deepEqual(end, ['flaky: l-1: the start and life of a lab', '2 passed, 0 failed']);
  t.deepEqual(asked(), ['up l-1 --install', 'up l-1 --install']);
});

test('one that does not start twice is a failure, and the other takes its suites', async (t) => {
  const { run, write } = labsTree(t);
  write('build/fails-l-1', '2');
  const { status, end } = await run('queue one two');
  t.is(status, 1);
  t.deepEqual(end, ['2 passed, 1 failed']);
});

test('one that dies is started again for what waits, and the suite that it broke off is tried in a fresh one', async (t) => {
  const { run, asked } = labsTree(t);
  const { status, end, stderr } = await run(`
    dies() { fails_until 2 dies || { rm build/up/*; return 255; }; echo 'ok 1 - a'; echo '# fail 0'; }
    suite_one() { tap one in_lab "$1" dies; }
    LABS=1; queue one two`);
  t.is(status, 0, stderr);
  t.deepEqual(end, [
    'flaky: l-1: the start and life of a lab',
    'flaky: one: the suite, which broke off',
    '2 passed, 0 failed',
  ]);
  t.deepEqual(asked(), ['up l-1 --install', 'up l-1 --install', 'up l-again --install']);
  // No lab is left.
  t.notRegex(stderr, /^l-/m);
});

test('second tries share a fresh lab, but a suite of the instruction clock has one of its own', async (t) => {
  const { run, asked } = labsTree(t);
  const { status, end, stderr } = await run(`
    suite_one() { tap one in_lab "$1" tap_of test_of one 2 a; }
    suite_two() { tap two in_lab "$1" tap_of test_of two 2 b; }
    suite_hundred() { tap hundred in_lab "$1" tap_of test_of hundred 2 c; }
    LABS=1; queue one two hundred`);
  t.is(status, 0, stderr);
  t.deepEqual(end, ['flaky: hundred: c', 'flaky: one: a', 'flaky: two: b', '3 passed, 0 failed']);
  t.deepEqual(asked(), ['up l-1 --install', 'up l-again --clock', 'up l-again --install']);
});

test('a lab that does not start for second tries makes no test flaky', async (t) => {
  const { run, write } = labsTree(t);
  write('build/fails-l-again', '1');
  const { status, end } = await run(`
    suite_one() { tap one in_lab "$1" tap_of test_of one 2 a; }
    LABS=1; queue one`);
  t.is(status, 1);
  t.deepEqual(end, ['0 passed, 1 failed']);
});
