// SPDX-License-Identifier: Apache-2.0
// Starts count for a minute, for each user and each rule alone.

import test from 'ava';
import { StartRates } from '../../../../toolstack/policy/rules/rate.js';

test('a start counts for 60 seconds', (t) => {
  let now = 0;
  const rates = new StartRates(() => now);
  rates.add('r', 1, 2);
  now = 30_000;
  rates.add('r', 1, 1);
  t.is(rates.recent('r', 1), 3);
  t.is(rates.recent('r', 2), 0);
  t.is(rates.recent('s', 1), 0);
  now = 60_000;
  t.is(rates.recent('r', 1), 1);
  now = 90_000;
  t.is(rates.recent('r', 1), 0);
});
