// SPDX-License-Identifier: Apache-2.0
// A socket that is held for thawd, as systemd holds it: commands that come while thawd starts, or one takes over from another, are answered.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from '../../support/once.js';
import {
  busybox,
  command,
  killThawd,
  pidsOf,
  running,
  runWords,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/thaw.js';

const HOLDER = process.env['THAW_TEST_HOLDER'] ?? '/mnt/tests/files/socket-holder';
const SOCKET = '/run/thaw/thawd.sock';
const NAME = 'held';

once('no command is refused while one thawd takes over from another', async (t) => {
  await stopThawd();
  const shell = 'exec "$@" >>/var/log/thaw/thawd.log 2>&1 </dev/null';
  const holder = spawn('sh', ['-c', shell, 'sh', HOLDER, SOCKET, '600', '1', 'thawd'], {
    detached: true,
    stdio: 'ignore',
  });
  t.teardown(async () => {
    await thaw(['rm', '--force', '--ignore', NAME]);
    // Ended as by systemctl stop, it is not started again.
    if (pidsOf(/socket-holder/).length > 0) await stopThawd();
    await until('the socket is given up', () => !existsSync(SOCKET));
    await startThawd();
  });
  await until('the socket is held', () => existsSync(SOCKET));
  t.is((await thaw(['ps'])).status, 0, 'while thawd starts for the first time');
  t.is((await command('stat', ['-c', '%a %U', SOCKET])).trim(), '600 root');

  t.is((await thaw(runWords('--rm', '-d', '--name', NAME, busybox, 'sleep', '1000'))).status, 0);
  await running(NAME);
  await killThawd();
  const { status, stdout } = await thaw(['ps', '--quiet', '--filter', `name=${NAME}`]);
  t.is(status, 0, 'no thawd runs yet');
  t.not(stdout, '');
  t.is((await thaw(['doctor'])).status, 0);
  t.is(holder.exitCode, null);
});
