// SPDX-License-Identifier: Apache-2.0
// Packs strings into payloads and reads them back as the protocol specifies.

import test from 'ava';
import {
  decodeString,
  decodeStrings,
  decodeU32,
  encodeStrings,
} from '../../../xenstore/payload.js';

test('each string of a payload ends with a NUL', (t) => {
  t.is(
    encodeStrings('/a', 'tökén', '').toString('latin1'),
    Buffer.from('/a\0tökén\0\0').toString('latin1'),
  );
});

test('strings come back, empty ones too', (t) => {
  t.deepEqual(decodeStrings(encodeStrings('/a', '', 'b')), ['/a', '', 'b']);
  t.deepEqual(decodeStrings(Buffer.alloc(0)), []);
});

test('a list whose last string has no NUL is refused', (t) => {
  t.is(decodeStrings(Buffer.from('/a\0b')), undefined);
});

test('a single string is read with and without its NUL, not with one inside', (t) => {
  t.is(decodeString(Buffer.from('ENOENT\0')), 'ENOENT');
  t.is(decodeString(Buffer.from('ENOENT')), 'ENOENT');
  t.is(decodeString(Buffer.from('EN\0ENT\0')), undefined);
});

test('only decimal numbers of 32 bits are transaction ids', (t) => {
  t.is(decodeU32('4294967295'), 4294967295);
  for (const text of ['', '-1', '4294967296', '1x', ' 1', '1e3', undefined])
    t.is(decodeU32(text), undefined, text);
});
