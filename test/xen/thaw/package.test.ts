// SPDX-License-Identifier: Apache-2.0
// thaw in this dom0 comes from its Debian package: the package is complete, finds its dependencies, works, and upgrades itself.

import { existsSync } from 'node:fs';
import test from 'ava';
import { busybox, command, run, startThawd, stopThawd, thaw } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

/** The folder from which the lab's dom0 installed the package. */
const PACKAGE = process.env['THAW_TEST_PACKAGE'] ?? '/var/cache/apt/archives/thaw.deb';

test('it is installed, and so is all that it depends on', async (t) => {
  t.is(
    await command('dpkg-query', ['--show', '--showformat=${Status}', 'thaw']),
    'install ok installed',
  );
  t.is(await command('dpkg', ['--audit']), '');
});

test('each of its files is as it was packed', async (t) => {
  t.is(await command('dpkg', ['--verify', 'thaw'], 120_000), '');
  const files = (await command('dpkg', ['--listfiles', 'thaw'])).split('\n');
  for (const name of [
    'bin/thaw',
    'sbin/thawd',
    'lib/thaw/guest/vmlinux',
    'share/man/man1/thaw.1.gz',
  ])
    t.true(files.includes(`/usr/${name}`) && existsSync(`/usr/${name}`), name);
  const manual = await command('zcat', ['/usr/share/man/man1/thaw.1.gz']);
  t.true(manual.startsWith('.TH THAW 1'));
  await command('bash', ['-n', '/usr/share/bash-completion/completions/thaw']);
});

once('the doctor is content with this host', async (t) => {
  const { status, stdout } = await thaw(['doctor']);
  t.is(status, 0, stdout);
});

longOnce('installed over itself it is whole again, and the next thawd works', async (t) => {
  await command('dpkg', ['--install', PACKAGE], 120_000);
  t.is(await command('dpkg', ['--verify', 'thaw'], 120_000), '');
  await stopThawd();
  await startThawd();
  const { stdout } = await run([busybox, 'echo', 'packed']);
  t.is(stdout, 'packed\n');
});
