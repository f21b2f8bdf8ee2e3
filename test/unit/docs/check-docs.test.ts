// SPDX-License-Identifier: Apache-2.0
// scripts/check-docs.mjs passes a sound tree, and names each fault of a bad one.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ROOT } from '../../support/programs.js';

/** Returns the check's exit status and output for a tree of these files, which may contain that many comments without a subject. */
function check(t: ExecutionContext, files: Record<string, string>) {
  const tree = mkdtempSync(join(tmpdir(), 'thaw-check-docs-'));
  t.teardown(() => rmSync(tree, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const script = join(ROOT, 'scripts/check-docs.mjs');
  const { status, stdout, stderr } = spawnSync('node', [script, tree], {
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

const LONG = 'x'.repeat(121);
const SOURCE = { 'toolstack/a.ts': '// Adds.\n' };

test('a sound page passes, with long lines in code', (t) => {
  const { status, text } = check(t, {
    ...SOURCE,
    'README.md': `toolstack/a.ts, \`a.ts\`, test/xen of\n\n    ${LONG}\n\n\`\`\`\n${LONG}\n\`\`\`\n${'é'.repeat(120)}\n`,
    'test/xen/a.test.ts': '',
  });
  t.is(status, 0, text);
});

test('a line of 121 characters is named, in text and in a table', (t) => {
  const { status, text } = check(t, { 'README.md': `a\n${LONG}\n| ${LONG} |\n` });
  t.is(status, 1);
  t.regex(text, /^README\.md:2: 121 characters/m);
  t.regex(text, /^README\.md:3: 125 characters/m);
});

test('a fifth line of a paragraph is named; list items and tables begin anew', (t) => {
  const sound = check(t, {
    'a.md': 'a\nb\nc\nd\n\n- a\n  b\n- c\n  d\n- e\n  f\n\n| a |\n| b |\n| c |\n| d |\n| e |\n',
  });
  t.is(sound.status, 0, sound.text);
  const { status, text } = check(t, { 'a.md': 'a\nb\nc\nd\ne\nf\n' });
  t.is(status, 1);
  t.regex(text, /^a\.md:5: the paragraph has more than 4 lines/m);
});

for (const [name, text] of [
  ['from the root', 'see toolstack/b.ts.'],
  ['a folder', 'see toolstack/rooms, too'],
  ['in backticks, by its end', 'see `b.ts`'],
  ['by its end, with a folder', 'see other/a.ts'],
  ['a page', 'see docs/none.md'],
  ['in code', '    npx ava test/none'],
] as const)
  test(`a path that is not there is named: ${name}`, (t) => {
    const { status, text: said } = check(t, { ...SOURCE, 'docs/a.md': `${text}\n` });
    t.is(status, 1);
    t.regex(said, /^docs\/a\.md:1: /m);
  });

test('a glob, an example with a word in capitals and what is built need not be files', (t) => {
  const { status, text } = check(t, {
    ...SOURCE,
    'a.md':
      'toolstack/*.ts, toolstack/NAME, bindings/build/Release/thaw.node, /usr/test/x, node_modules/test/y\n',
  });
  t.is(status, 0, text);
});

test('a comment that begins with What, Who or That is named', (t) => {
  const files = {
    'toolstack/a.ts': '// What it does.\n/** Who asks. */\n// Whatever.\nconst a = 1; // That\n',
    'kernels/a.c': '/*\n * That is it.\n */\n',
    'scripts/a': '#!/bin/sh\n# What is it?\n',
  };
  const { status, text } = check(t, files);
  t.is(status, 1);
  const named = text.match(/^\S+:\d+(?=: a comment)/gm);
  t.deepEqual(named?.sort(), [
    'kernels/a.c:2',
    'scripts/a:2',
    'toolstack/a.ts:1',
    'toolstack/a.ts:2',
  ]);
});
