// SPDX-License-Identifier: Apache-2.0
// Patterns match whole texts, agree with regular expressions, and never take long.

import test from 'ava';
import { matches, PATTERN_MAX, TEXT_MAX } from '../../../../toolstack/policy/rules/pattern.js';
import { Random } from '../../../support/random.js';

test('patterns', (t) => {
  t.true(matches('docker.io/library/*', 'docker.io/library/debian:13'));
  t.false(matches('docker.io/library/*', 'xdocker.io/library/debian:13'));
  t.true(matches('*@sha256:*', 'a/b@sha256:00'));
  t.true(matches('a?c', 'abc'));
  t.false(matches('a?c', 'ac'));
  t.false(matches('a.c', 'abc'));
  t.true(matches('', ''));
  t.false(matches('', 'a'));
  t.true(matches('**', ''));
});

test('a pattern agrees with the regular expression of the same meaning', (t) => {
  const random = new Random(7);
  const word = (letters: string, most: number): string =>
    Array.from(
      { length: random.below(most + 1) },
      () => letters[random.below(letters.length)],
    ).join('');
  for (let i = 0; i < 20_000; i++) {
    const [pattern, text] = [word('ab*?.', 6), word('ab.', 8)];
    const source = pattern.replace(/[.]/g, '\\.').replace(/\*/g, '.*').replace(/\?/g, '.');
    t.is(matches(pattern, text), new RegExp(`^${source}$`).test(text), `${pattern} ${text}`);
  }
});

test('a hostile text takes no long time, and a text that is too long matches nothing', (t) => {
  const begun = performance.now();
  t.false(matches('*a'.repeat(PATTERN_MAX / 2 - 1) + 'b', 'a'.repeat(TEXT_MAX)));
  t.true(performance.now() - begun < 1000);
  t.false(matches('*', 'a'.repeat(TEXT_MAX + 1)));
  t.false(matches('*'.repeat(PATTERN_MAX + 1), 'a'));
});
