// SPDX-License-Identifier: Apache-2.0
// Signals by number and by name.

import test from 'ava';
import { signalName, signalNumber } from '../../../toolstack/base/signals.js';

test('a signal is a number or a name, with or without SIG, in any case', (t) => {
  for (const text of ['15', 'TERM', 'SIGTERM', 'term', 'sigterm']) t.is(signalNumber(text), 15);
  t.is(signalNumber('KILL'), 9);
  t.is(signalNumber('64'), 64);
  t.is(signalNumber('SIGRTMIN+3'), 37);
  t.is(signalNumber('RTMIN'), 34);
  t.is(signalNumber('RTMAX-1'), 63);
  for (const text of ['', '0', '65', '-9', 'SIG', 'NONE', '9x', '1.5', 'RTMAX-40', 'RTMIN+99'])
    t.is(signalNumber(text), undefined, text);
});

test('a number has its name, where it has one', (t) => {
  t.is(signalName(15), 'SIGTERM');
  t.is(signalName(37), '37');
});
