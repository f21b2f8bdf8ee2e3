// SPDX-License-Identifier: Apache-2.0
// The ledger has a line for each run of a suite that runs by name only, and for each long run.

import { execFileSync } from 'node:child_process';
import test from 'ava';
import { suitesTree } from '../../support/scripts/suites.js';

test('suites that run by name only, and long runs, have a line in the ledger, but none of CI', async (t) => {
  const { bash, ledger } = suitesTree(t);
  const suites = `
    suite_rare() { tap rare tap_of test_of rare 2 x; }
    suite_broken() { tap broken false; }
    suite_usual() { tap usual tap_of test_of usual 1 x; }`;
  await bash(`${suites}; run rare usual`, { CI: '1' });
  t.deepEqual(ledger(), []);
  await bash(`${suites}; run rare usual`, { THAW_KILLS: '5' });
  await bash(`${suites}; run broken usual`, { THAW_TEST_LONG: 'yes' });
  const rows = ledger().map((row) => row.replace(/\d{4}-\d\d-\d\d/, 'DAY').replace(/\d+ s/, 'N s'));
  t.deepEqual(rows, [
    '| abc123 | DAY | usual --long | 1 passed, 0 failed, N s |',
    '| abc123 | DAY | broken | 0 passed, 1 failed, N s |',
    '| abc123 | DAY | rare THAW_KILLS=5 | 1 passed, 0 failed, N s |',
  ]);
});

test('the flaky ones of a suite are in its line; what was cached, or did not end, has none', async (t) => {
  const { bash, ledger } = suitesTree(t);
  await bash(`suite_rare() { tap rare tap_of test_of rare 2 x; }
    run rare; rm "$LOGS"/*; echo 'rare 5 0 0' >"$LOGS/counts"; ledger_suites abc123 rare`);
  t.is(ledger().length, 1);
  t.regex(ledger()[0] ?? '', /\| rare \| 1 passed, 0 failed, \d+ s, 1 flaky \|$/);
});

test('the commit of a tree that is not clean has a + behind it', async (t) => {
  const { bash, root, write } = suitesTree(t);
  write('.gitignore', 'build/\n');
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words]);
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'all');
  const commit = git('rev-parse', '--short=10', 'HEAD').toString().trim();
  const said = async () => (await bash('ledger_commit')).lines;
  t.deepEqual(await said(), [commit]);
  write('test/ledger.md', 'the line of the run before');
  t.deepEqual(await said(), [commit]);
  write('new', '');
  t.deepEqual(await said(), [`${commit}+`]);
});
