// SPDX-License-Identifier: Apache-2.0
// The manual has every command and option, and no text that groff would read as a request.

import { spawnSync } from 'node:child_process';
import test from 'ava';
import { COMMANDS } from '../../../../toolstack/cli/commands.js';
import { manualPage } from '../../../../toolstack/cli/output/manual.js';

const page = manualPage(COMMANDS, '2026-11-26');

test('commands with their options and examples', (t) => {
  for (const { name, options, examples } of COMMANDS) {
    t.true(page.includes(`.SS thaw ${name}`.replaceAll('-', '\\-')), name);
    for (const option of Object.keys(options))
      t.true(page.includes(`\\-\\-${option.replaceAll('-', '\\-')}`), option);
    t.true(examples.length > 0, `${name} has an example`);
  }
});

test('each line that begins with a dot is a request of man(7)', (t) => {
  for (const line of page.split('\n').filter((text) => /^[.']/.test(text)))
    t.regex(line, /^\.(TH|SH|SS|TP|B|BR|I|PP|RS|RE|nf|fi)\b/);
});

test('groff has no complaints', (t) => {
  const { error, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-c'], {
    input: page,
    encoding: 'utf8',
  });
  if (error) return t.log('No groff on this machine: the page was not formatted');
  t.is(stderr, '');
  t.regex(stdout, /thaw network create/);
  t.regex(stdout, /^ +thaw run -d --name web/m);
});
