// SPDX-License-Identifier: Apache-2.0
// dist has no compiled file whose source was moved or deleted.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { suitesTree } from '../../support/scripts/suites.js';

test('compiled files without a source are removed', async (t) => {
  const { bash, root, write } = suitesTree(t);
  for (const path of ['test/a.ts', 'toolstack/b.ts']) write(path, '');
  for (const path of ['test/a', 'test/old/a', 'toolstack/b', 'toolstack/gone'])
    for (const end of ['.js', '.js.map']) write(`dist/${path}${end}`, '');
  write('dist/joined/unit-1.test.js', '');
  await bash('. scripts/lib/compile.sh; remove_stale');
  const left = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  t.deepEqual(left.filter((name) => /js/.test(name)).sort(), [
    'joined/unit-1.test.js',
    'test/a.js',
    'test/a.js.map',
    'toolstack/b.js',
    'toolstack/b.js.map',
  ]);
  t.false(existsSync(join(root, 'dist/test/old')));
});
