// SPDX-License-Identifier: Apache-2.0
// defined() leaves out members without a value, and no others.

import test from 'ava';
import { defined } from '../../../toolstack/base/defined.js';

test('undefined members are not there; null, false, 0 and the empty string are', (t) => {
  const name: string | undefined = undefined as string | undefined;
  const found: { name?: string; id: string | null; count: number; on: boolean; text: string } =
    defined({ name, id: null, count: 0, on: false, text: '' });
  t.deepEqual(Object.keys(found), ['id', 'count', 'on', 'text']);
});

test('what it is given stays as it is', (t) => {
  const given = { a: undefined, b: 1 };
  defined(given);
  t.deepEqual(Object.keys(given), ['a', 'b']);
});
