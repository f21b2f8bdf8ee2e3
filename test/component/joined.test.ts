// SPDX-License-Identifier: Apache-2.0
// Test files joined by scripts/join-tests.mjs keep their own titles, hooks, helpers and order. A failure names its source file.

import test from 'ava';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/programs.js';

const HELPER = `
import test from 'ava';
const seen = [];
export const note = (what) => seen.push(what);
export const declare = (title) => test(title, (t) => t.pass());
test.after.always('tells', (t) => console.error(import.meta.url.split('/').at(-1), seen.join(' ')));
`;

/** A test file whose hooks and tests record their runs. */
const fileOf = (name: string, middle: string): string => `
import test from 'ava';
import { note } from './helper.js';
const late = () => new Promise((resolve) => setTimeout(resolve, 50));
test.before(async () => { await late(); note('before'); });
test.beforeEach((t) => { note('begins'); t.context.word = 'each-${name}'; });
test.afterEach.always((t) => late().then(() => note(t.title.includes('› ${name} ›') ? 'after-each' : 'STRANGER')));
test.after.always(() => console.error('after ${name}'));
test('first', async (t) => {
  t.teardown(() => note('teardown'));
  note(t.context.word);
  await late();
  note('first-${name}');
  ${middle}
});
test.skip('skipped', (t) => t.fail());
test.failing('a known bug', (t) => t.fail());
`;

const BROKEN = `
import test from 'ava';
test.before(() => { throw new Error('no before'); });
test('never runs', (t) => t.pass());
`;

test('joined files keep titles, hooks and turns apart', async (t) => {
  mkdirSync(join(ROOT, 'dist/joined'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'dist/joined/component-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'test'));
  write('test/helper.js', HELPER);
  write('test/a.test.js', fileOf('a', "t.is(1, 2, 'not equal');"));
  write('test/b.test.js', fileOf('b', 't.pass();'));
  write('test/c.test.js', BROKEN);
  write('test/d.test.js', "import { declare } from './helper.js';\ndeclare('by a helper');");
  write('test/e.test.js', "import { declare } from './helper.js';\ndeclare('by a helper');");
  const runs = promisify(execFile);
  const options = { cwd: ROOT, encoding: 'utf8', timeout: 100_000 } as const;
  const joiner = join(ROOT, 'scripts/join-tests.mjs');
  await runs(process.execPath, [joiner, join(folder, 'out'), '1', join(folder, 'test')], options);
  const words = ['--no-install', 'ava', '--tap', join(folder, 'out-1.test.js')];
  const outcome = await t.throwsAsync<Error & { stdout: string; stderr: string }>(
    runs('npx', words, options),
  );
  const text = outcome.stdout + outcome.stderr;
  t.regex(text, /^not ok \d+ - .*a › first$/m);
  t.regex(text, /^ok \d+ - .*b › first$/m);
  t.regex(text, /^not ok \d+ - .*its file begins for .*c › never runs$/m);
  t.regex(text, /^ok \d+ - .*b › a known bug/m);
  for (const name of ['d', 'e'])
    t.regex(text, new RegExp(`^ok \\d+ - .*${name} › by a helper$`, 'm'));
  t.regex(text, /c\.test\.js:3\b/);
  const seen = [...text.matchAll(/helper\.js (.*)/g)].map(([, words]) => words);
  for (const [at, name] of ['a', 'b'].entries())
    t.regex(
      seen[at] ?? '',
      new RegExp(`^before begins .*each-${name} .*first-${name} .*teardown .*after-each$`),
    );
  t.regex(text, /^after a$[^]*^after b$/m);
  t.false(text.includes('STRANGER'));
  t.is([...text.matchAll(/^ok /gm)].length, 7, text);
});
