// SPDX-License-Identifier: Apache-2.0
// Detach keys in podman's notation.

import test from 'ava';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

async function keys(text: string) {
  const { client, err } = fakeClient();
  const words = ['attach', '--detach-keys', text, 'web'];
  const status = await runCommandLine(words, client, fakeEngine().engine);
  return { status, err: err(), hex: client.detachKeys.toString('hex') };
}

test('letters, signs and control characters, or none', async (t) => {
  t.is((await keys('ctrl-p,ctrl-q')).hex, '1011');
  t.is((await keys('ctrl-A,x,~')).hex, '01787e');
  t.is((await keys('ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_')).hex, '001b1c1d1e1f');
  t.is((await keys('')).hex, '');
});

test('what is no key is refused', async (t) => {
  for (const text of [
    'ctrl-',
    'ctrl-1',
    'ab',
    ',',
    'a,,b',
    'ctrl-p,',
    'ä',
    Array(33).fill('a').join(','),
  ]) {
    // prettier-ignore
    const { status, err } = await keys(text);
    t.is(status, 2, text);
    t.regex(err, /--detach-keys/);
  }
});

test('all that lend a terminal have the option', async (t) => {
  for (const line of [
    'run --detach-keys a img',
    'exec --detach-keys a web sh',
    'start -a --detach-keys a web',
  ]) {
    // prettier-ignore
    const { client } = fakeClient();
    await runCommandLine(line.split(' '), client, fakeEngine().engine);
    t.is(client.detachKeys.toString(), 'a', line);
  }
});
