// SPDX-License-Identifier: Apache-2.0
// Walks with many `..` cost little, and are checked as if each were alone.

import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch } from '../../support/ninep/client.js';

test('a row of `..` leads out of no folder that the host moved, and tells nothing on its way', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/a/b/c'), { recursive: true });
  mkdirSync(join(dir, 'other'));
  const client = await NinepClient.start(t, join(dir, 'export'));
  const root = await client.attach();
  const [a, c] = [await client.walk(root, 'a'), await client.walk(root, 'a', 'b', 'c')];
  renameSync(join(dir, 'export/a'), join(dir, 'other/a'));
  // The first step alone would stay in a folder that the guest knows.
  await t.throwsAsync(client.walkTo(c, 60, '..', '..', '..', '..'), { code: 'EACCES' });
  await t.throwsAsync(client.walkTo(c, 60, '..', 'c', '..'), { code: 'EACCES' });
  t.is((await client.walkTo(a, 60, 'b', '..', '..', 'a')).length, 1);
});

test('one walk climbs two thousand folders at most, however often it goes up', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  let deep = await client.walk(root);
  for (let depth = 0; depth < 400; depth++) {
    await client.mkdir(deep, 'd');
    const next = await client.walk(deep, 'd');
    await client.clunk(deep);
    deep = next;
  }
  const up = (count: number): string[] => Array.from({ length: count }, () => '..');
  t.is((await client.walkTo(deep, 60, ...up(16))).length, 16);
  t.is(
    (await client.walkTo(60, 61, ...up(10), ...Array.from({ length: 6 }, () => 'd'))).length,
    16,
  );
  // Each `..` after a name is checked by itself: 8 times 400 folders.
  const zigzag = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? '..' : 'd'));
  t.is((await client.walkTo(deep, 62, ...zigzag)).length, 10);
  await t.throwsAsync(client.getattr(62), { code: 'EBADF' });
});
