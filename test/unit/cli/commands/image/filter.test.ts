// SPDX-License-Identifier: Apache-2.0
// Image filters, and splitting of image names.

import test from 'ava';
import type { ImageSummary } from '../../../../../toolstack/api/engine.js';
import {
  fitsName,
  globPattern,
  imageFilter,
  splitName,
} from '../../../../../toolstack/cli/commands/image/filter.js';
import { fakeClient, fakeEngine, IMAGE } from '../../../../support/cli/fake-engine.js';

const OLD: ImageSummary = {
  ...IMAGE,
  id: `sha256:${'11'.repeat(32)}`,
  names: ['docker.io/library/debian:13'],
  created: '2019-01-01T00:00:00Z',
  labels: { team: 'b', x: '' },
};
const NEW: ImageSummary = {
  ...IMAGE,
  id: `sha256:${'22'.repeat(32)}`,
  names: [],
  labels: { team: 'a' },
  created: '2021-01-01T00:00:00Z',
};

/** Digits of the ids that pass. */
async function passing(...filters: string[]): Promise<string> {
  const fits = await imageFilter(filters, fakeEngine().engine, fakeClient().client);
  return [OLD, NEW]
    .filter(fits)
    .map(({ id }) => id.charAt(7))
    .join('');
}

test('each filter lets through what podman’s does', async (t) => {
  for (const [filters, ids] of [
    [[], '12'],
    [['dangling=true'], '2'],
    [['dangling=false'], '1'],
    [['reference=debian'], '1'],
    [['reference=deb*:1?'], '1'],
    [['reference=fedora'], ''],
    [['reference=fedora', 'reference=debian:13'], '1'],
    [['label=team'], '12'],
    [['label=team=a'], '2'],
    [['label=team', 'label=x'], '1'],
    [['id=22'], '2'],
    [['id=sha256:11'], '1'],
    // The images that these filters compare with date from 2020.
    [['before=busybox'], '1'],
    [['since=busybox'], '2'],
    [['since=busybox', 'dangling=false'], ''],
  ] as const)
    t.is(await passing(...filters), ids, filters.join(' '));
});

test('what is no filter is refused', async (t) => {
  for (const filter of ['colour=red', 'dangling', 'dangling=maybe', 'label=', 'toString=x'])
    await t.throwsAsync(passing(filter), { code: 'ERR_USAGE' }, filter);
});

test('a pattern means any part of the path, with its tag or without', (t) => {
  const name = 'quay.io/team/app:1.2';
  for (const glob of ['app', 'app:1.2', 'team/app', 'quay.io/team/app:1.2', '*/*/app', 'a?p:*'])
    t.true(fitsName(globPattern(glob), name), glob);
  for (const glob of ['ap', 'team', 'app:1', 'quay.io/*', 'app:1x2', ''])
    t.false(fitsName(globPattern(glob), name), glob);
});

test('names come apart into repository and tag', (t) => {
  const parts = (name: string) => Object.values(splitName(name));
  t.deepEqual(parts('docker.io/library/debian:13'), ['docker.io/library/debian', '13']);
  t.deepEqual(parts('localhost:5000/app:1'), ['localhost:5000/app', '1']);
  t.deepEqual(parts('localhost:5000/app'), ['localhost:5000/app', '<none>']);
  t.deepEqual(parts(`a/b@sha256:${'0'.repeat(64)}`), ['a/b', '<none>']);
  t.deepEqual(parts('oci:/x/y:latest'), ['oci:/x/y:latest', '<none>']);
  t.deepEqual(parts('<none>'), ['<none>', '<none>']);
});
