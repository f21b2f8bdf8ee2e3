// SPDX-License-Identifier: Apache-2.0
// Engines recognize a missing or non-executable program by runc's words alone, and map these to 127 and 126.
import test from 'ava';
import { ThawError } from '../../../../toolstack/base/errors.js';
import { fileTrouble, programError, refusal } from '../../../../toolstack/frontends/oci/errors.js';

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

const files = [{ path: '/bundle/rootfs' }, { path: '/etc/hosts' }];

test('a file that is in the way of a checkpoint is named as dom0 knows it, and nothing else is', (t) => {
  const refused = 'Shim refused: Cannot save 0/var/lib/a b: it is open, and has been deleted';
  t.is(fileTrouble(refused, files), '/bundle/rootfs/var/lib/a b: it is open, and has been deleted');
  t.is(
    fileTrouble('Shim refused: Cannot restore 1: No such file or directory', files),
    '/etc/hosts: No such file or directory',
  );
  const old = 'Shim refused: Cannot stash 1: it is open, and has been deleted';
  t.is(fileTrouble(old, files), '/etc/hosts: it is open, and has been deleted', 'an older shim');
  for (const text of ['Cannot save 0/a: x', 'Shim refused: Cannot save 7/a: x', 'no', ''])
    t.is(fileTrouble(text, files), undefined);
});

test('what the agent refuses to hold is told with what can be done', (t) => {
  // SAFETY: the container's id and files are the only members used.
  const record = { id: 'one', sandbox: { files } } as unknown as Parameters<typeof refusal>[0];
  const told = (code: string, text: string): unknown => refusal(record, new ThawError(code, text));
  t.like(told('ERR_AGENT_TCP', 'Agent refused to hold it: 2 TCP connections are open'), {
    code: 'ERR_OCI_CHECKPOINT',
    message:
      'cannot checkpoint container "one": 2 TCP connections are open; they cannot go on in another domain; close them first',
  });
  t.like(
    told('ERR_SHIM_REFUSED', 'Shim refused: Cannot save 1: it is open, and has been deleted'),
    {
      message: 'cannot checkpoint container "one": /etc/hosts: it is open, and has been deleted',
    },
  );
  t.like(told('ERR_DISK', 'full'), { code: 'ERR_DISK', message: 'full' });
});
