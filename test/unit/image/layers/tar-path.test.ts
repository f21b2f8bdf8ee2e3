// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import {
  baseOf,
  entryPath,
  joinPath,
  parentOf,
} from '../../../../toolstack/image/layers/tar-path.js';

test('names become relative paths', (t) => {
  const cases: [string, string][] = [
    ['./', ''],
    ['/', ''],
    ['./etc//passwd', 'etc/passwd'],
    ['/etc/passwd', 'etc/passwd'],
    ['usr/bin/', 'usr/bin'],
    ['a..b/..c', 'a..b/..c'],
  ];
  for (const [name, path] of cases) t.is(entryPath(name), path);
});

test('names that lead out or that Linux cannot take are refused', (t) => {
  const bad = [
    '../x',
    'a/../../x',
    'a/..',
    '..',
    'x\0y',
    'a'.repeat(256),
    'ä'.repeat(128),
    'a/'.repeat(2048) + 'b',
  ];
  for (const name of bad)
    t.throws(() => entryPath(name), { code: 'ERR_IMAGE_UNSAFE' }, name.slice(0, 20));
});

test('names at the limits pass', (t) => {
  t.is(entryPath('a'.repeat(255)).length, 255);
  t.is(entryPath('a/'.repeat(2047) + 'b').length, 4095);
});

test('paths come apart and together', (t) => {
  t.deepEqual(
    [parentOf('a/b/c'), baseOf('a/b/c'), parentOf('a'), baseOf('a')],
    ['a/b', 'c', '', 'a'],
  );
  t.deepEqual([joinPath('', 'a'), joinPath('a', 'b')], ['a', 'a/b']);
});
