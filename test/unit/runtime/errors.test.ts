// SPDX-License-Identifier: Apache-2.0
// Exit statuses of a failed `thaw run`.

import test from 'ava';
import { ThawError } from '../../../toolstack/base/errors.js';
import { runFailureStatus } from '../../../toolstack/runtime/errors.js';

test('127 for a command that is not there, 126 for one that cannot run, 125 for all else', (t) => {
  const status = (code: string) => runFailureStatus(new ThawError(code, ''));
  t.is(status('ERR_AGENT_CMD_NOENT'), 127);
  t.is(status('ERR_AGENT_CMD_NOEXEC'), 126);
  t.is(status('ERR_IMAGE_NOT_FOUND'), 125);
  t.is(runFailureStatus('thrown text'), 125);
});
