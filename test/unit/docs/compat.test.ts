// SPDX-License-Identifier: Apache-2.0
// docs/compat.md is what its rows say.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compatPage } from '../../support/compat-page.js';
import { COMPAT_ROWS } from '../../support/compat-rows.js';
import { ROOT } from '../../support/programs.js';

test('the page is up to date: scripts/compat.mjs >docs/compat.md', (t) => {
  t.is(readFileSync(join(ROOT, 'docs/compat.md'), 'utf8'), compatPage(COMPAT_ROWS));
});

test('a row is the same, different for a reason with both sides seen, or missing', (t) => {
  for (const { what, script, differs, prints, missing } of COMPAT_ROWS) {
    t.is(script === undefined, missing !== undefined, what);
    t.is(differs === undefined, prints === undefined, what);
  }
  const names = COMPAT_ROWS.map(({ area, what }) => `${area}: ${what}`);
  t.is(new Set(names).size, names.length);
});
