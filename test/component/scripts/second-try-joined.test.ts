// SPDX-License-Identifier: Apache-2.0
// The second try of a test finds it by its title in joined files, and runs the hooks of its own file alone.

import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../../support/programs.js';
import { suitesTree } from '../../support/scripts/suites.js';

/** A test file that records its hooks and tests. Its second test fails the first time. */
const noted = (name: string, title: string): string => `
import test from 'ava';
import { appendFileSync, readFileSync } from 'node:fs';
const note = (what) => appendFileSync(process.env.NOTES, '${name} ' + what + '\\n');
let value;
test.before(() => { note('before'); value = 7; });
test.beforeEach(() => note('each'));
test.after.always(() => note('after'));
test('passes', (t) => { note('passes'); t.is(value, 7); });
test(${JSON.stringify(title)}, (t) => {
  t.is(value, 7);
  note('second');
  const times = readFileSync(process.env.NOTES, 'utf8').split('${name} second').length - 1;
  t.true(${title.includes('sound')} || times > 1);
});
`;

for (const [how, parts] of [
  ['in order', 'in-order'],
  ['in parts', '2'],
])
  // prettier-ignore
  test(`one test of files that are joined ${how} is found by any title, with its file's hooks alone`, async (t) => {
    t.timeout(120_000);
    const { bash, root, write } = suitesTree(t);
    write('package.json', '{ "type": "module" }');
    for (const path of ['ava.config.js', 'scripts/join-tests.mjs', 'dist/test/support/joined.js'])
      cpSync(join(ROOT, path), join(root, path));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const titles = ['!not *every* › star for \\ one', 'sound', '* is what --match=a says'];
    for (const [i, name] of ['a', 'b', 'c'].entries())
      write(`dist/test/fake/${name}.test.js`, noted(name, titles[i] ?? ''));
    const notes = join(root, 'build/notes');
    const { status, lines, stderr } = await bash(
      `node scripts/join-tests.mjs dist/joined/fake ${parts} dist/test/fake
      fake() { node node_modules/ava/entrypoints/cli.mjs --tap 'dist/joined/fake-*.test.js' "$@"; }
      suite_fake() { echo run >>"$NOTES"; tap fake fake "\${AVA_ONLY[@]}"; }
      run fake`,
      { NOTES: notes },
    );
    t.is(status, 0, stderr);
    t.is(lines.at(-1), '6 passed, 0 failed');
    const flaky = lines.filter((line) => line.startsWith('flaky: ')).sort();
    t.is(flaky.length, 2);
    t.true(flaky[0]?.endsWith('fake › a › !not *every* › star for \\ one'), flaky[0]);
    t.true(flaky[1]?.endsWith('fake › c › * is what --match=a says'), flaky[1]);
    const runs = readFileSync(notes, 'utf8').split('run\n').slice(1);
    t.is(runs.length, 3);
    t.is(runs[1], 'a before\na each\na second\na after\n');
    t.is(runs[2], 'c before\nc each\nc second\nc after\n');
    for (const name of ['a', 'b', 'c'])
      t.is(runs[0]?.split(`${name} after`).length, 2, `${name} ends once`);
  });
