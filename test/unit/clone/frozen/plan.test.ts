// SPDX-License-Identifier: Apache-2.0
// Stored plans of frozen images are read back, including those from before kinds existed.

import test from 'ava';
import { cannotRemake, parsePlan } from '../../../../toolstack/clone/frozen/plan.js';

test('a plan without a kind is an image’s, and what is none is refused', (t) => {
  t.is(parsePlan('{"name":"web"}').kind, 'image');
  t.is(parsePlan('{"name":"web","kind":"container"}').kind, 'container');
  for (const text of ['', '{}', 'null', '{"name":"web","kind":"other"}', '{"name":3}'])
    t.throws(() => parsePlan(text), undefined, text);
});

test('what cannot be made again is named, with what to do', (t) => {
  const plan = parsePlan('{"name":"warm","kind":"container"}');
  t.like(cannotRemake(plan, 'it is damaged'), {
    code: 'ERR_FROZEN_CONTAINER',
    message:
      'Cannot use frozen image "warm": it is damaged, and it was made of a running container, so it cannot be made again; ' +
      'remove it with thaw unfreeze warm and freeze a container anew',
  });
});
