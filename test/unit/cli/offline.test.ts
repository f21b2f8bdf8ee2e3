// SPDX-License-Identifier: Apache-2.0
// Without thawd, help and version work. Other commands say how to start thawd.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const OFFLINE = fileURLToPath(new URL('../../../toolstack/cli/offline.js', import.meta.url));

function offline(...words: string[]) {
  return spawnSync(process.execPath, [OFFLINE, ...words], { encoding: 'utf8' });
}

test('help and version need no thawd', (t) => {
  const help = offline('run', '--help');
  t.is(help.status, 0);
  t.true(help.stdout.startsWith('Usage: thaw run'));
  const version = offline('--version');
  t.is(version.status, 0);
  t.regex(version.stdout, /^thaw \d+\.\d+\.\d+\n$/);
});

test('a command that needs thawd says how to start it', (t) => {
  for (const words of [['ps'], ['images'], ['info']]) {
    const { status, stderr } = offline(...words);
    t.is(status, 125, words.join(' '));
    t.regex(stderr, /^thaw: thawd is not running: start it with [^\n]+\n$/);
  }
  t.is(offline('run', 'busybox').status, 125);
  t.is(offline('nonsense').status, 2);
});
