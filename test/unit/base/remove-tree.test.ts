// SPDX-License-Identifier: Apache-2.0
// Removes a tree of any depth. The targets of its links stay.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { removeTree } from '../../../toolstack/base/remove-tree.js';

test('deeper than a path can be, and not through links', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-remove-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'kept');
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  symlinkSync(folder, join(tree, 'link'));
  const name = 'x'.repeat(250);
  const script = `cd "$1"; i=0; while [ $i -lt 25 ]; do mkdir ${name}; cd -P ./${name}; i=$((i+1)); done; echo deep >file`;
  execFileSync('bash', ['-c', script, 'bash', tree], { stdio: 'ignore' });
  await removeTree(tree);
  t.false(existsSync(tree));
  t.true(existsSync(outside));
  await removeTree(tree);
});

test('what cannot be removed is an error with its reason', async (t) => {
  await t.throwsAsync(removeTree('/proc/self/status'), {
    code: 'ERR_REMOVE',
    message: /Cannot remove/,
  });
});
