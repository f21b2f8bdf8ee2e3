// SPDX-License-Identifier: Apache-2.0
// Each failure names the operation, the node and the reason.

import test from 'ava';
import { ThawError } from '../../../toolstack/base/errors.js';
import { errnoError, isXenstoreError, XenstoreError } from '../../../xenstore/errors.js';

test('an errno of xenstored becomes a code, and a message that names the operation and the path', (t) => {
  const error = errnoError('ENOENT', 'read', '/a/b');
  t.true(error instanceof ThawError);
  t.is(error.name, 'XenstoreError');
  t.is(error.code, 'ERR_XENSTORE_ENOENT');
  t.is(error.message, 'Cannot read "/a/b": no such node or domain (ENOENT)');
  t.deepEqual([error.op, error.path], ['read', '/a/b']);
});

test('both names of a used-up quota are understood, and so is a name that is new', (t) => {
  t.regex(errnoError('ENOSPC', 'write', '/a').message, /quota of the domain is used up \(ENOSPC\)/);
  t.regex(errnoError('EQUOTA', 'write', '/a').message, /quota of the domain is used up \(EQUOTA\)/);
  t.regex(errnoError('EFUTURE', 'write', '/a').message, /refused by xenstored \(EFUTURE\)/);
});

test('errors are told apart by code', (t) => {
  t.true(isXenstoreError(errnoError('EAGAIN', 'write', '/a'), 'EAGAIN'));
  t.false(isXenstoreError(errnoError('EAGAIN', 'write', '/a'), 'ENOENT'));
  t.false(isXenstoreError(Object.assign(new Error(), { code: 'ERR_XENSTORE_EAGAIN' }), 'EAGAIN'));
});

test('the cause is kept', (t) => {
  const cause = new Error('why');
  t.is(new XenstoreError('ERR_XENSTORE_X', 'x', { cause }).cause, cause);
});
