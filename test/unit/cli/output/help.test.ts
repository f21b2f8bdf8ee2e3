// SPDX-License-Identifier: Apache-2.0
// Help fits the terminal, lists every option, and groups the options of a command that has many.

import test from 'ava';
import { COMMAND_GROUPS, COMMANDS } from '../../../../toolstack/cli/commands.js';
import { commandHelp, overallHelp } from '../../../../toolstack/cli/output/help.js';
import { optionGroups } from '../../../../toolstack/cli/output/option-groups.js';
import { runCommand } from '../../../../toolstack/cli/commands/container/run.js';

test('help is as wide as the terminal, but for examples, which stay in one line', async (t) => {
  for (const columns of [60, 80, 120, 300]) {
    const texts = [await overallHelp(COMMAND_GROUPS, columns)];
    for (const command of COMMANDS) texts.push(await commandHelp(command, columns));
    for (const text of texts)
      for (const line of text.replace(/^Examples:[^]*/m, '').split('\n'))
        if (line.startsWith('  ')) t.true(line.length <= Math.min(columns, 120), line);
  }
});

test('every option of every command has its row, and every command its heading', async (t) => {
  for (const command of COMMANDS) {
    const text = await commandHelp(command, 80);
    for (const [name, { type, short }] of Object.entries(command.options)) {
      const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`;
      t.regex(
        text,
        new RegExp(`^  (    )?${left.trimStart()} +[^ ]`, 'm'),
        `${command.name} ${name}`,
      );
    }
    t.regex(text, /^Options:$/m);
  }
  const text = await overallHelp(COMMAND_GROUPS, 80);
  for (const { heading } of COMMAND_GROUPS) t.true(text.includes(`\n\n${heading}:\n  `), heading);
});

test('no option of run is without a group', (t) => {
  const groups = optionGroups(runCommand.options);
  t.deepEqual(groups.get('Options'), []);
  t.deepEqual([...groups.values()].flat().sort(), Object.keys(runCommand.options).sort());
  for (const heading of ['Resources', 'Network', 'Files', 'Process', 'Health'])
    t.true(groups.has(heading), heading);
});

test('-h belongs to the option that has it', async (t) => {
  t.regex(await commandHelp(runCommand, 80), /^ {6}--help {2}Print this$/m);
  const ps = COMMANDS.find(({ name }) => name === 'ps');
  t.regex(await commandHelp(ps ?? runCommand, 80), /^ {2}-h, --help +Print this$/m);
});
