// SPDX-License-Identifier: Apache-2.0
// Errors have a code and a message of one line for the user.

import test from 'ava';
import {
  describeError,
  errorCode,
  errorMessage,
  ThawError,
} from '../../../toolstack/base/errors.js';

class LayerError extends ThawError {}

test('an error has the name of its class, its code and its cause', (t) => {
  const cause = new Error('below');
  const error = new LayerError('ERR_LAYER', 'above', { cause });
  t.is(error.name, 'LayerError');
  t.is(error.code, 'ERR_LAYER');
  t.is(error.cause, cause);
  t.true(error instanceof Error);
});

test('the code of anything is its string code or none', (t) => {
  t.is(errorCode(new ThawError('ERR_X', '')), 'ERR_X');
  t.is(errorCode(Object.assign(new Error(''), { code: 'ENOENT' })), 'ENOENT');
  for (const thing of [undefined, null, 'ERR_X', 7, {}, { code: 7 }, new Error('')])
    t.is(errorCode(thing), undefined);
  t.is(errorMessage('just text'), 'just text');
});

test('a line holds each message once, outermost first, without line breaks', (t) => {
  const deep = new Error('disk is full');
  const middle = new Error('Cannot write:\n  disk is full', { cause: deep });
  const top = new ThawError('ERR_TOP', 'Cannot pull', { cause: middle });
  t.is(describeError(top), 'Cannot pull: Cannot write: disk is full');
  t.is(describeError('text'), 'text');
});

test('a chain of causes that bites its tail ends', (t) => {
  const a = new Error('a');
  a.cause = a;
  t.is(describeError(a), 'a');
});
