// SPDX-License-Identifier: Apache-2.0
// Ids have the form that container engines use. A sandbox is found by its container.

import test from 'ava';
import { newContainerId, sandboxIdOf } from '../../../toolstack/base/ids.js';

test('a container id has 64 hex digits, and no two are the same', (t) => {
  const ids = Array.from({ length: 100 }, newContainerId);
  for (const id of ids) t.regex(id, /^[0-9a-f]{64}$/);
  t.is(new Set(ids).size, ids.length);
});

test('a sandbox id is the beginning of its container', (t) => {
  const id = newContainerId();
  t.is(sandboxIdOf(id).length, 12);
  t.true(id.startsWith(sandboxIdOf(id)));
});
