// SPDX-License-Identifier: Apache-2.0
// A guest's report of its changes is a list, or an error.

import test from 'ava';
import { parseChanges } from '../../../../toolstack/runtime/archive/changes.js';
import { baseOf } from '../../../../toolstack/runtime/archive/copy-files.js';

test('changes come by path, without what every start makes', (t) => {
  const sent = 'C /etc\0A /etc/new\0D /etc/gone\0A /dev\0C /etc/hosts\0A /b\0';
  t.deepEqual(parseChanges(Buffer.from(sent)), [
    { kind: 'added', path: '/b' },
    { kind: 'changed', path: '/etc' },
    { kind: 'deleted', path: '/etc/gone' },
    { kind: 'added', path: '/etc/new' },
  ]);
  t.deepEqual(parseChanges(Buffer.alloc(0)), []);
});

test('what is no list is refused', (t) => {
  for (const sent of ['X /etc\0', 'C/etc\0', 'C etc\0', '\0'])
    t.throws(() => parseChanges(Buffer.from(sent)), { code: 'ERR_COPY' });
});

test('the last name of a path, but of contents none', (t) => {
  const bases = { '/a/b': 'b', '/a/b/': 'b', b: 'b', '/a/..': '', '/a/../c': 'c' };
  for (const [path, base] of Object.entries(bases)) t.is(baseOf(path), base, path);
  for (const path of ['/', '/a/.', '.', './', '/a/./', '..']) t.is(baseOf(path), '', path);
});
