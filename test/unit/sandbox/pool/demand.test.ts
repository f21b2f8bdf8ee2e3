// SPDX-License-Identifier: Apache-2.0
// The pool holds as many clones as configured, plus as many as were claimed recently.

import test from 'ava';
import { Demand, DEMAND_MS } from '../../../../toolstack/sandbox/pool/demand.js';

test('without demand the minimum waits', (t) => {
  t.is(new Demand(2, 16).target(0), 2);
  t.is(new Demand(0, 16).target(0), 0);
});

test('what was taken is made again in advance, up to the maximum', (t) => {
  const demand = new Demand(2, 4);
  demand.note(0);
  t.is(demand.target(1), 2);
  for (let i = 1; i < 4; i++) demand.note(i);
  t.is(demand.target(5), 4);
  for (let i = 4; i < 100; i++) demand.note(i);
  t.is(demand.target(100), 4);
});

test('demand that is past counts no more', (t) => {
  const demand = new Demand(1, 16);
  for (let i = 0; i < 5; i++) demand.note(i * 1000);
  t.is(demand.target(4000), 5);
  t.is(demand.target(DEMAND_MS + 2500), 2);
  t.is(demand.target(DEMAND_MS + 4000), 1);
});

test('a minimum above the maximum is the maximum', (t) => {
  t.is(new Demand(9, 3).target(0), 3);
  t.is(new Demand(9, 0).target(0), 0);
});
