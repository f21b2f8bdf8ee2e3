// SPDX-License-Identifier: Apache-2.0
// doctor warns of a disk that is near its reserve, or below it.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { diskChecks } from '../../../../../toolstack/cli/commands/system/doctor-disks.js';
import { fakeDisks } from '../../../../support/disk/fake-disks.js';

const GIB = 2 ** 30;
const at = (freeBytes: number, path = '/') =>
  fakeDisks([
    { path: '/', freeBytes: 20 * GIB, totalBytes: 40 * GIB },
    { path, freeBytes, totalBytes: 40 * GIB },
  ]);

test('room is room only beside the reserve', async (t) => {
  const state = async (free: number) =>
    (await diskChecks('/nonexistent', at(free, '/var')))[0]?.state;
  t.is(await state(20 * GIB), 'ok');
  t.is(await state(3 * GIB), 'ok');
  t.is(await state(2.9 * GIB), 'warning');
  t.is(await state(0), 'warning');
});

test('what is found says how much is free, and what to do', async (t) => {
  t.deepEqual(await diskChecks('/nonexistent', at(GIB, '/var')), [
    {
      what: 'disk of /var',
      state: 'warning',
      detail: '1 GiB free of 40 GiB, of which 2 GiB stay free (docs/disk.md)',
      remedy: 'thaw system prune (removes things that no container uses), or a larger disk',
    },
  ]);
});

test('the configuration file says where the disks are, and how much stays free', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-doctor-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'thaw.toml');
  const found = async (text: string) => {
    await writeFile(path, text);
    return (await diskChecks(path, at(GIB, '/big')))[0];
  };
  const off = { state: 'ok', detail: '1 GiB free of 40 GiB, without a reserve' } as const;
  t.like(await found('state = "/big/thaw"\ndisk-reserve = "0"\n'), {
    what: 'disk of /big',
    ...off,
  });
  t.like(await found('state = "/big/thaw"\ndisk-reserve = "512m"\n'), { state: 'ok' });
  t.like(await found('state = "/big/thaw"\ndisk-reserve = "much"\n'), {
    state: 'warning',
    detail:
      'Cannot read disk-reserve "much": a number with a unit b, k, m or g is wanted, such as 64m',
  });
  t.like(await found('state = "/none"\n'), { what: 'disk of /', state: 'ok' });
  t.like(await found('state = 7.5\n'), { what: 'disks', state: 'warning' });
});
