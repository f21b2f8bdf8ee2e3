// SPDX-License-Identifier: Apache-2.0
// The Debian package installs in a dom0, finds all that it depends on, and what it installs works.

import test from 'ava';
import { once } from '../../support/once.js';
import { busybox, command, run, startThawd, stopThawd, thaw } from '../../support/thaw.js';

const PACKAGE = process.env['THAW_TEST_PACKAGE'] ?? '/mnt/tests/thaw.deb';

once('it installs over what is there, and the doctor is content', async (t) => {
  await command('dpkg', ['--install', PACKAGE], 120_000);
  // A dom0 may be told to install no documentation.
  const wrong = (await command('dpkg', ['--verify', 'thaw'])).split('\n');
  t.deepEqual(
    wrong.filter((line) => line !== '' && !line.includes('/usr/share/doc/')),
    [],
  );
  const { status, stdout } = await thaw(['doctor']);
  t.is(status, 0, stdout);
  t.is((await run([busybox, 'true'])).status, 0);
});

once('its thawd, its manual and its completions are those of the package', async (t) => {
  await stopThawd();
  await startThawd();
  const { stdout } = await run([busybox, 'echo', 'packed']);
  t.is(stdout, 'packed\n');
  const files = (await command('dpkg', ['--listfiles', 'thaw'])).split('\n');
  for (const name of ['bin/thaw', 'sbin/thawd', 'share/man/man1/thaw.1.gz'])
    t.true(files.includes(`/usr/${name}`), name);
  const manual = await command('zcat', ['/usr/share/man/man1/thaw.1.gz']);
  t.true(manual.startsWith('.TH THAW 1'));
  await command('bash', ['-n', '/usr/share/bash-completion/completions/thaw']);
});

test('it needs nothing that this dom0 lacks', async (t) => {
  t.is(await command('dpkg', ['--audit']), '');
});
