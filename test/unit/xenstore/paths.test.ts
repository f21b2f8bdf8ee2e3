// SPDX-License-Identifier: Apache-2.0
// Valid paths are sent to xenstored, and invalid ones are refused before.

import test from 'ava';
import { XenstoreError } from '../../../xenstore/errors.js';
import {
  ABSOLUTE_PATH_MAX_BYTES,
  backendPath,
  domainPath,
  frontendPath,
  isWithin,
  joinPath,
  libxlPath,
  parentPath,
  RELATIVE_PATH_MAX_BYTES,
  vmPath,
  watchPath,
  xsPath,
} from '../../../xenstore/paths.js';

function faultOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof XenstoreError && error.code === 'ERR_XENSTORE_PATH') return error.message;
    throw error;
  }
  return 'none';
}

test('absolute and relative paths of the permitted characters pass', (t) => {
  for (const path of ['/', '/a', '/local/domain/0/data-1_x@2', 'data/x', 'a'])
    t.is(xsPath(path), path as never);
});

test('what xenstored would refuse or misread is refused, with the reason', (t) => {
  t.regex(
    faultOf(() => xsPath('')),
    /it is empty/,
  );
  t.regex(
    faultOf(() => xsPath('/a//b')),
    /doubled slash/,
  );
  t.regex(
    faultOf(() => xsPath('/a/')),
    /ends with a slash/,
  );
  t.regex(
    faultOf(() => xsPath('/a\0b')),
    /character "\\u0000"/,
  );
  t.regex(
    faultOf(() => xsPath('/a b')),
    /character " "/,
  );
  t.regex(
    faultOf(() => xsPath('/a.b')),
    /character "\."/,
  );
  t.regex(
    faultOf(() => xsPath('/ä')),
    /character "ä"/,
  );
  t.regex(
    faultOf(() => xsPath('/😀')),
    /character "😀"/,
  );
});

test('a path may be as long as the protocol allows and no longer', (t) => {
  t.notThrows(() => xsPath('/'.padEnd(ABSOLUTE_PATH_MAX_BYTES, 'a')));
  t.regex(
    faultOf(() => xsPath('/'.padEnd(ABSOLUTE_PATH_MAX_BYTES + 1, 'a'))),
    /limit is 3072/,
  );
  t.notThrows(() => xsPath('a'.repeat(RELATIVE_PATH_MAX_BYTES)));
  t.regex(
    faultOf(() => xsPath('a'.repeat(RELATIVE_PATH_MAX_BYTES + 1))),
    /limit is 2048/,
  );
});

test('a refused path is shown short', (t) => {
  t.true(faultOf(() => xsPath(`/${'x '.repeat(5000)}`)).length < 250);
});

test('special paths are for watches and permissions only', (t) => {
  t.is(watchPath('@releaseDomain'), '@releaseDomain' as never);
  t.regex(
    faultOf(() => xsPath('@releaseDomain')),
    /special paths have no node/,
  );
});

test('parts are joined with one slash and checked', (t) => {
  t.is(joinPath('/local/domain', 7, 'device/vif', 0), '/local/domain/7/device/vif/0' as never);
  t.is(joinPath('/', 'a'), '/a' as never);
  t.regex(
    faultOf(() => joinPath('/a', '')),
    /ends with a slash/,
  );
  t.regex(
    faultOf(() => joinPath('/a', 1.5)),
    /character "\."/,
  );
});

test('the parent of a path is one level up', (t) => {
  t.is(parentPath(xsPath('/a/b')), '/a' as never);
  t.is(parentPath(xsPath('/a')), '/' as never);
  t.is(parentPath(xsPath('/')), undefined);
  t.is(parentPath(xsPath('a')), undefined);
});

test('a path is within itself and its parents, not within a longer name', (t) => {
  t.true(isWithin('/a/b', '/a/b'));
  t.true(isWithin('/a/b', '/a'));
  t.true(isWithin('/a', '/'));
  t.false(isWithin('/ab', '/a'));
});

test('a domain has its nodes where Xen looks for them', (t) => {
  t.is(domainPath(3), '/local/domain/3' as never);
  t.is(frontendPath(3, 'vif', 0), '/local/domain/3/device/vif/0' as never);
  t.is(backendPath(0, 'vif', 3, 1), '/local/domain/0/backend/vif/3/1' as never);
  t.is(libxlPath(3), '/libxl/3' as never);
  t.is(vmPath('f0-0d'), '/vm/f0-0d' as never);
});
