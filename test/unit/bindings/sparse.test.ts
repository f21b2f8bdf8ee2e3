// SPDX-License-Identifier: Apache-2.0
// Holes of a file stay holes in its copy, and ranges with data are found.

import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { copySparse, nextData, type DataRange } from '../../../bindings/index.js';

const MIB = 2 ** 20;

/** A file of 8 MiB with data in its second and in its last MiB. */
async function sparse(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-sparse-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'a');
  const file = await open(path, 'wx');
  await file.truncate(8 * MIB);
  for (const at of [MIB, 7 * MIB]) await file.write(Buffer.alloc(MIB, 1), 0, MIB, at);
  await file.close();
  return path;
}

async function rangesOf(path: string): Promise<DataRange[]> {
  const file = await open(path, 'r');
  try {
    const ranges: DataRange[] = [];
    for (let at = 0; ; at = ranges.at(-1)?.end ?? at) {
      const range = await nextData(file.fd, at);
      if (!range) return ranges;
      ranges.push(range);
    }
  } finally {
    await file.close();
  }
}

const DATA = [
  { start: MIB, end: 2 * MIB },
  { start: 7 * MIB, end: 8 * MIB },
];

test('data is found where it is, and none behind the end', async (t) => {
  const path = await sparse(t);
  t.deepEqual(await rangesOf(path), DATA);
  const file = await open(path, 'r');
  t.deepEqual(await nextData(file.fd, MIB + 5), { start: MIB + 5, end: 2 * MIB });
  t.is(await nextData(file.fd, 8 * MIB), undefined);
  t.is(await nextData(file.fd, 2 ** 50), undefined);
  await t.throwsAsync(nextData(file.fd, -1), { instanceOf: TypeError });
  await file.close();
  await t.throwsAsync(nextData(-1, 0), { instanceOf: TypeError });
});

test('a copy has the same data and the same holes', async (t) => {
  const path = await sparse(t);
  await copySparse(path, `${path}.copy`);
  t.deepEqual(await rangesOf(`${path}.copy`), DATA);
  t.is((await stat(`${path}.copy`)).size, 8 * MIB);
  await t.throwsAsync(copySparse(path, `${path}.copy`), { code: 'ERR_XEN_EEXIST' });
});
