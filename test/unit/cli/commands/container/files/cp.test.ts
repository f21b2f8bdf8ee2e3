// SPDX-License-Identifier: Apache-2.0
// thaw cp, export and diff: how arguments name a container, and the output.

import test from 'ava';
import { copyCommand, endOf } from '../../../../../../toolstack/cli/commands/container/files/cp.js';
import { diffCommand } from '../../../../../../toolstack/cli/commands/container/query/diff.js';
import { exportCommand } from '../../../../../../toolstack/cli/commands/container/files/export.js';
import { parseCommand } from '../../../../../../toolstack/cli/options/parse.js';
import type { Command } from '../../../../../../toolstack/cli/command.js';
import { fakeClient, fakeEngine } from '../../../../../support/cli/fake-engine.js';

async function run(command: Command, words: string[], isTerminal = false) {
  const { engine, calls } = fakeEngine();
  const { client, out } = fakeClient({
    isTerminal: { stdin: false, stdout: isTerminal, stderr: false },
  });
  const status = await command.run(parseCommand(command, words), client, engine);
  return { status, calls, out: out() };
}

test("a word before a colon is a container, what begins as a path is the host's", (t) => {
  t.deepEqual(endOf('web:/a:b'), { kind: 'container', container: 'web', path: '/a:b' });
  t.deepEqual(endOf('web:a'), { kind: 'container', container: 'web', path: '/a' });
  t.deepEqual(endOf('./web:a'), { kind: 'host', path: './web:a' });
  t.deepEqual(endOf('/web:a'), { kind: 'host', path: '/web:a' });
  t.deepEqual(endOf('dir/web:a'), { kind: 'host', path: 'dir/web:a' });
  t.deepEqual(endOf('file'), { kind: 'host', path: 'file' });
  t.deepEqual(endOf('-'), { kind: 'stream' });
  for (const word of ['', 'web:']) t.throws(() => endOf(word), { code: 'ERR_USAGE' });
});

test("owners become the container's unless that is turned off", async (t) => {
  const from = { kind: 'host', path: 'f' };
  const to = { kind: 'container', container: 'web', path: '/d' };
  const plain = { from, to, overwrites: false, keepsOwners: false };
  t.deepEqual((await run(copyCommand, ['f', 'web:/d'])).calls, [['copy', plain]]);
  t.deepEqual((await run(copyCommand, ['-a', 'f', 'web:/d'])).calls, [['copy', plain]]);
  const kept = (await run(copyCommand, ['--archive=false', '--overwrite', 'f', 'web:/d'])).calls;
  t.deepEqual(kept, [['copy', { ...plain, overwrites: true, keepsOwners: true }]]);
});

test('without a container there is nothing to copy', async (t) => {
  for (const words of [
    ['a', 'b'],
    ['-', '-'],
    ['-', 'b'],
  ])
    await t.throwsAsync(run(copyCommand, words), { code: 'ERR_USAGE' });
});

test('an archive does not go to a terminal', async (t) => {
  await t.throwsAsync(run(exportCommand, ['web'], true), { code: 'ERR_USAGE' });
  const toFile = await run(exportCommand, ['-o', 'f.tar', 'web'], true);
  t.deepEqual(toFile.calls, [['exportFiles', 'web', 'f.tar']]);
  t.deepEqual((await run(exportCommand, ['web'])).calls, [['exportFiles', 'web', undefined]]);
});

test('changes are a line each, or JSON', async (t) => {
  t.is((await run(diffCommand, ['web'])).out, 'A /new?line\nC /etc\n');
  const { out } = await run(diffCommand, ['--format', 'json', 'web']);
  t.deepEqual(JSON.parse(out), { changed: ['/etc'], added: ['/new\nline'] });
});
