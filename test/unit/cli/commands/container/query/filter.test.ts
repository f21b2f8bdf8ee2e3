// SPDX-License-Identifier: Apache-2.0
// Container filters.

import test from 'ava';
import { containerFilter } from '../../../../../../toolstack/cli/commands/container/query/filter.js';
import { CONTAINER } from '../../../../../support/cli/fake-engine.js';

const web = { ...CONTAINER, name: 'web-1', labels: { tier: 'front', empty: '' } };

test('each key fits what it names', (t) => {
  for (const filter of [
    'id=ab',
    'name=web',
    'name=-1',
    'label=tier',
    'label=tier=front',
    'label=empty=',
    'status=running',
    'ancestor=busybox:latest',
    'ancestor=cd',
    'network=thaw',
    'volume=db',
    'volume=db:/var/lib/db',
  ])
    // prettier-ignore
    t.true(containerFilter([filter])(web), filter);
  for (const filter of [
    'id=b',
    'name=db',
    'label=front',
    'label=tier=back',
    'status=exited',
    'exited=0',
    'ancestor=debian',
    'label=toString',
    'network=tha',
    'volume=d',
    'volume=db:/db',
    'volume=/var/lib/db',
  ])
    // prettier-ignore
    t.false(containerFilter([filter])(web), filter);
  t.true(containerFilter(['exited=3'])({ ...web, state: 'exited', exitStatus: 3 }));
});

test('one value of a key is enough, of labels all, and all keys count', (t) => {
  t.true(containerFilter(['name=db', 'name=web'])(web));
  t.false(containerFilter(['name=web', 'status=paused'])(web));
  t.true(containerFilter(['label=tier', 'label=empty'])(web));
  t.false(containerFilter(['label=tier', 'label=other'])(web));
});

test('what is no filter is refused', (t) => {
  for (const filter of ['', 'name', 'name=', 'nix=1', '=x', 'constructor=x'])
    t.throws(() => containerFilter([filter]), { code: 'ERR_USAGE' }, filter);
});
