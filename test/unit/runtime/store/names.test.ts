// SPDX-License-Identifier: Apache-2.0
// Names suit xl and xenstore, and a container is found by name, id or the beginning of one.

import test from 'ava';
import { newContainerId } from '../../../../toolstack/base/ids.js';
import { checkName, findRecord, inventName } from '../../../../toolstack/runtime/store/names.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';

test('names of letters, digits and a few signs are taken', (t) => {
  for (const name of ['a', '7', 'web-1', 'Web_2.x', 'a'.repeat(63)])
    t.notThrows(() => checkName(name), name);
});

test('other names are refused', (t) => {
  const names = ['', '-a', '.a', '_a', 'a b', 'a/b', 'a\n', 'ä', 'a'.repeat(64), '../x', 'a;b'];
  for (const name of names) t.throws(() => checkName(name), { code: 'ERR_USAGE' }, name);
});

test('an invented name is fit, and free even when all plain ones are taken', (t) => {
  const name = inventName(() => false);
  t.notThrows(() => checkName(name));
  const numbered = inventName((candidate) => /^[a-z]+-[a-z]+$/.test(candidate));
  t.regex(numbered, /^[a-z]+-[a-z]+-\d+$/);
  t.notThrows(() => checkName(numbered));
});

function container(name: string, id: string = newContainerId()) {
  return { record: { name, id } as unknown as ContainerRecord };
}

test('a container is found by its name, its id, and the beginning of its id', (t) => {
  const web = container('web', `ab12${'0'.repeat(60)}`);
  const all = [container('db', `cd${'0'.repeat(62)}`), web];
  for (const key of ['web', web.record.id, 'ab', 'ab12']) t.is(findRecord(all, key), web, key);
});

test('a name counts before the beginning of an id', (t) => {
  const named = container('ab', `ff${'0'.repeat(62)}`);
  const all = [container('web', `ab${'0'.repeat(62)}`), named];
  t.is(findRecord(all, 'ab'), named);
});

test('none, or more than one, is not found', (t) => {
  const all = [container('one', `ab1${'0'.repeat(61)}`), container('two', `ab2${'0'.repeat(61)}`)];
  for (const key of ['ab', 'x', '', 'AB1', 'on'])
    t.throws(() => findRecord(all, key), { code: 'ERR_CONTAINER_NOT_FOUND' }, key);
});
