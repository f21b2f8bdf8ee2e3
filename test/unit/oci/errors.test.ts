// SPDX-License-Identifier: Apache-2.0
// Engines know a program that is not there, or may not be run, by runc's words alone: 127 and 126 are made of them.
import test from 'ava';
import { ThawError } from '../../../toolstack/base/errors.js';
import { programError } from '../../../toolstack/oci/errors.js';

for (const [code, name, message] of [
  ['ERR_AGENT_CMD_NOENT', 'ls', 'exec: "ls": executable file not found in $PATH'],
  ['ERR_AGENT_CMD_NOENT', '/bin/x', 'exec: "/bin/x": stat /bin/x: no such file or directory'],
  ['ERR_AGENT_CMD_NOEXEC', '/x', 'exec: "/x": permission denied'],
] as const)
  test(message, (t) => {
    const cause = new ThawError(code, 'no');
    t.like(programError(cause, [name]), { code, message, cause });
  });

test('any other failure is what it was', (t) => {
  const other = new ThawError('ERR_AGENT_TIMEOUT', 'late');
  t.is(programError(other, ['ls']), other);
});
