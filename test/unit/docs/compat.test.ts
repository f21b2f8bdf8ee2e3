// SPDX-License-Identifier: Apache-2.0
// docs/compat.md matches its rows.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compatPage } from '../../support/cli/compat-page.js';
import { COMPAT_ROWS } from '../../support/cli/compat-rows.js';
import { ROOT } from '../../support/programs.js';

test('the page is up to date: scripts/compat.mjs >docs/compat.md', (t) => {
  t.is(readFileSync(join(ROOT, 'docs/compat.md'), 'utf8'), compatPage(COMPAT_ROWS));
});

test('a row is the same, or different for a reason with both sides seen', (t) => {
  for (const { what, differs, prints } of COMPAT_ROWS)
    t.is(differs === undefined, prints === undefined, what);
  const names = COMPAT_ROWS.map(({ area, what }) => `${area}: ${what}`);
  t.is(new Set(names).size, names.length);
});
