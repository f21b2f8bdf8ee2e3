// SPDX-License-Identifier: Apache-2.0
// The policy in force follows its file, and a wrong file lets nobody in.

import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { LivePolicy } from '../../../toolstack/policy/live.js';
import { ACCOUNTS } from '../../support/policy/policy-of.js';

async function live(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-policy-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'policy.toml');
  return { path, policy: new LivePolicy(path, () => ACCOUNTS) };
}

const RULE = '[[allow]]\nusers = ["alice"]\n';

test('the state follows the file', async (t) => {
  const { path, policy } = await live(t);
  t.is((await policy.current()).kind, 'absent');
  await writeFile(path, RULE, { mode: 0o644 });
  const first = await policy.current();
  t.is(first.kind, 'ready');
  t.is(await policy.current(), first);
  await writeFile(path, '[[allow');
  t.is((await policy.current()).kind, 'wrong');
  await writeFile(`${path}.new`, RULE + RULE, { mode: 0o644 });
  await rename(`${path}.new`, path);
  const later = await policy.current();
  t.is(later.kind === 'ready' && later.policy.rules.length, 2);
  await rm(path);
  t.is((await policy.current()).kind, 'absent');
});

test('a file that others may write, and one that is no file, are wrong', async (t) => {
  const { path, policy } = await live(t);
  await writeFile(path, RULE);
  await chmod(path, 0o666);
  const open = await policy.current();
  t.regex(open.kind === 'wrong' ? open.error.message : '', /others may write it; chmod 0644/);
  await rm(path);
  await mkdir(path);
  const folder = await policy.current();
  t.regex(folder.kind === 'wrong' ? folder.error.message : '', /no ordinary file/);
});

test('a state stays the same one while its reason stays', async (t) => {
  const { path, policy } = await live(t);
  t.is(await policy.current(), await policy.current(), 'there is no file');
  await writeFile(path, RULE, { mode: 0o666 });
  await chmod(path, 0o666);
  const wrong = await policy.current();
  t.is(await policy.current(), wrong);
  await rm(path);
  await mkdir(path);
  const other = await policy.current();
  t.not(other, wrong);
  t.is(await policy.current(true), other, 'read again, with the same end');
});

test('many callers at once get the same state', async (t) => {
  const { path, policy } = await live(t);
  await writeFile(path, RULE, { mode: 0o644 });
  const states = await Promise.all(Array.from({ length: 20 }, () => policy.current()));
  t.is(new Set(states).size, 1);
});
