// SPDX-License-Identifier: Apache-2.0
// Users and groups by name and number.

import test from 'ava';
import { Accounts } from '../../../../toolstack/policy/rules/accounts.js';
import { ACCOUNTS } from '../../../support/policy/policy-of.js';

test('names and numbers', (t) => {
  t.is(ACCOUNTS.uid('alice'), 1000);
  t.is(ACCOUNTS.uid('4000'), 4000);
  t.is(ACCOUNTS.uid('none'), undefined);
  t.is(ACCOUNTS.uid('4294967295'), undefined);
  t.is(ACCOUNTS.gid('thaw'), 900);
  t.is(ACCOUNTS.userName(1001), 'bob');
  t.is(ACCOUNTS.userName(7), '7');
});

test('the credentials of a login have the groups that name the user', (t) => {
  t.deepEqual(ACCOUNTS.login('alice'), { uid: 1000, gid: 1000, groups: [900], pid: 0 });
  t.deepEqual(ACCOUNTS.login('1001'), { uid: 1001, gid: 1001, groups: [901], pid: 0 });
  t.is(ACCOUNTS.login('none'), undefined);
});

test('lines that are no account are skipped', (t) => {
  const odd = new Accounts('\n#x\na\nb:x:-1:0\nc:x:12:13\n', 'x\ng:x:z:\nh:x:14:c,d');
  t.is(odd.uid('b'), undefined);
  t.is(odd.uid('a'), undefined);
  t.deepEqual(odd.login('c')?.groups, [14]);
});
