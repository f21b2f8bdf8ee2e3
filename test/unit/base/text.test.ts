// SPDX-License-Identifier: Apache-2.0
// Sizes are parsed and printed in the usual notation. Ages and guest text are printable on a terminal.

import test from 'ava';
import {
  formatAge,
  formatBytes,
  parseBytes,
  plain,
  printable,
} from '../../../toolstack/base/text.js';

test('a size is read with any unit, in any case, with a fraction', (t) => {
  const sizes: [string, number][] = [
    ['0', 0],
    ['4096', 4096],
    ['7b', 7],
    ['64k', 65536],
    ['64m', 64 * 2 ** 20],
    ['64M', 64 * 2 ** 20],
    ['64mb', 64 * 2 ** 20],
    ['64MiB', 64 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['0.1k', 102],
    [' 2t ', 2 * 2 ** 40],
  ];
  for (const [text, bytes] of sizes) t.is(parseBytes('--memory', text), bytes, text);
});

test('what is no size is refused, and the message names option and value', (t) => {
  for (const text of ['', 'm', '-1', '1e3', '64x', '64 m', '1,5g', '0x10', 'NaN', 'Infinity', '٣m'])
    t.throws(() => parseBytes('--memory', text), { code: 'ERR_USAGE', message: /--memory/ }, text);
});

test('a size that a number cannot hold exactly is refused', (t) => {
  t.throws(() => parseBytes('--memory', '99999999999t'), { code: 'ERR_USAGE' });
  t.throws(() => parseBytes('--memory', '9'.repeat(400)), { code: 'ERR_USAGE' });
});

test('a size is shown in its largest unit', (t) => {
  const sizes: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [64 * 2 ** 20, '64 MiB'],
    [1.25 * 2 ** 30, '1.3 GiB'],
    [5000 * 2 ** 40, '5000 TiB'],
  ];
  for (const [bytes, text] of sizes) t.is(formatBytes(bytes), text);
});

test('an age is shown in its largest unit, in the singular where it is one', (t) => {
  const ages: [number, string][] = [
    [-5, '0 seconds ago'],
    [999, '0 seconds ago'],
    [1000, '1 second ago'],
    [59_999, '59 seconds ago'],
    [60_000, '1 minute ago'],
    [2 * 3_600_000, '2 hours ago'],
    [86_400_000, '1 day ago'],
    [40 * 86_400_000, '1 month ago'],
    [15 * 86_400_000, '2 weeks ago'],
    [20_783 * 86_400_000, '56 years ago'],
  ];
  for (const [ms, text] of ages) t.is(formatAge(ms), text);
});

test('guest text loses its control characters and its excess', (t) => {
  t.is(printable(Buffer.from('a\u001b[31mb\u0000\r\n\u009bc\n'), 100), 'a [31mb    c');
  t.is(printable('x'.repeat(50), 10), 'x'.repeat(10));
  t.is(printable(Buffer.from([0x61, 0xff, 0x62]), 10), 'a\ufffdb');
});

test('text that reverses a line, hides characters or begins a new line does neither', (t) => {
  const names = [
    '\u202egpj.exe',
    'a\u2066b\u2069',
    'a\u200bb',
    'a\u2028b',
    'a\ufeffb',
    'a\u{e0041}b',
  ];
  for (const name of names) {
    t.regex(printable(name, 100), /^[a-z. ]+$/, JSON.stringify(name));
    t.regex(plain(name, '?'), /^[a-z.?]+$/, JSON.stringify(name));
  }
  t.is(
    plain('caf\u00e9 \u{1f433} \u05e9'),
    'caf\u00e9 \u{1f433} \u05e9',
    'letters of any script stay',
  );
  t.is(printable('\u{1f433}\u{1f433}', 3), '\u{1f433} ', 'no half of a pair is left');
});
