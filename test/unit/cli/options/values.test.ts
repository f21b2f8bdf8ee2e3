// SPDX-License-Identifier: Apache-2.0
// Values of options are parsed, or refused with the option, the value and the allowed values.

import test from 'ava';
import { duration, pairs, signal, time, whole } from '../../../../toolstack/cli/options/values.js';

test('a whole number is within its bounds', (t) => {
  t.is(whole('--n', undefined), undefined);
  t.is(whole('--n', '7'), 7);
  t.is(whole('--n', '-1', -1), -1);
  for (const text of ['', '-1', '1.5', '1e3', 'x', '99999999999'])
    t.throws(() => whole('--n', text), { message: /--n .*from 0 to/ }, text);
});

test('a duration is as Go writes it', (t) => {
  t.is(duration('90s'), 90_000);
  t.is(duration('1h30m'), 5_400_000);
  t.is(duration('1.5s'), 1500);
  t.is(duration('250ms'), 250);
  for (const text of ['', '5', 's', '5x', '-5s', '5s ']) t.is(duration(text), undefined, text);
});

test('a time is a date, seconds, or so long ago', (t) => {
  t.is(time('--since', '1.5'), 1500);
  t.is(time('--since', '10s', 60_000), 50_000);
  t.is(time('--since', '2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12));
  t.is(time('--since', '2026-01-31'), Date.UTC(2026, 0, 31));
  for (const text of ['', 'now', 'yesterday', '-5', 'Jan 1'])
    t.throws(() => time('--since', text), { message: /--since/ }, text);
});

test('a pair may have no value, and its value any sign', (t) => {
  t.deepEqual(pairs('--label', ['a=b=c', 'd', 'a=last']), { a: 'last', d: '' });
  t.throws(() => pairs('--label', ['=x']), { message: /--label "=x"/ });
});

test('a signal that is none is refused by its option', (t) => {
  t.is(signal('--stop-signal', 'QUIT'), 3);
  t.throws(() => signal('--stop-signal', 'X'), { message: /--stop-signal X/ });
});
