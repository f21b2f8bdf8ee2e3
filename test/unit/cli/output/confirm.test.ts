// SPDX-License-Identifier: Apache-2.0
// Only an explicit yes confirms.

import test from 'ava';
import { confirm, FORCE_OPTION } from '../../../../toolstack/cli/output/confirm.js';
import { parseOptions } from '../../../../toolstack/cli/options/options.js';
import { fakeClient, inputOf } from '../../../support/cli/fake-engine.js';

async function confirmed(input: AsyncIterable<Buffer>, ...words: string[]): Promise<boolean> {
  const { client } = fakeClient({ input: () => input });
  return confirm('All goes.', parseOptions('thaw', FORCE_OPTION, words), client);
}

test('an answer that begins with y, in any number of pieces', async (t) => {
  for (const text of ['y\n', 'Y\n', 'yes\n', ' y\n', 'y'])
    t.true(await confirmed(inputOf(text)), text);
  for (const text of ['n\n', '\n', 'no\ny\n', 'x'.repeat(2000)])
    t.false(await confirmed(inputOf(text)), text);
  async function* slow(): AsyncGenerator<Buffer> {
    yield Buffer.from('ye');
    yield Buffer.from('s\n');
    await new Promise(() => undefined);
  }
  t.true(await confirmed(slow()));
});

test('with --force nobody is asked; without an answer it is an error', async (t) => {
  const never = inputOf('n\n');
  t.true(await confirmed(never, '-f'));
  await t.throwsAsync(confirmed(inputOf('')), { code: 'ERR_NO_ANSWER' });
});
