// SPDX-License-Identifier: Apache-2.0

import { closeSync, fstatSync, openSync } from 'node:fs';
import test from 'ava';
import { takeStartingLock } from '../../../toolstack/daemon/starting-lock.js';

test('the descriptor leaves the environment at once and is closed by the release', (t) => {
  const fd = openSync('/dev/null', 'r');
  const env = { THAW_STARTING_FD: String(fd), PATH: '/bin' };
  const release = takeStartingLock(env);
  t.deepEqual(env, { PATH: '/bin' } as typeof env);
  t.true(fstatSync(fd).isCharacterDevice());
  release();
  t.throws(() => fstatSync(fd), { code: 'EBADF' });
});

test('without a lock, or with a word that is no descriptor, nothing is closed', (t) => {
  const fd = openSync('/dev/null', 'r');
  takeStartingLock({})();
  takeStartingLock({ THAW_STARTING_FD: `${fd} ` })();
  t.true(fstatSync(fd).isCharacterDevice());
  closeSync(fd);
});
