// SPDX-License-Identifier: Apache-2.0
// podman's checkpoints of containers in domains: in place, left running, and as a file that another container continues from.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { idsIn, outcome } from '../../support/engines/bundle.js';
import { command, images, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isLong } from '../../support/once.js';

const podman = (...words: string[]): Promise<Outcome> =>
  outcome(['podman', '--runtime', '/usr/bin/thaw-oci', ...words]);
const image = 'localhost/latest';
let root = '';

test.before(async () => {
  if (!isLong) return;
  root = await mkdtemp('/root/podman-');
  await command('podman', ['load', '-q', '-i', `${images}/busybox.oci.tar`]);
});

test.after.always(async () => {
  await rm(root, { recursive: true, force: true });
  if (isLong) await command('podman', ['rmi', '-f', image]);
});

/** The count in the container's file; 0 while there is no file. */
async function counted(name: string): Promise<number> {
  const { stdout } = await podman('exec', name, 'tail', '-n', '1', '/count');
  return Number(stdout);
}

async function countsOn(name: string, from: number): Promise<void> {
  await until(`${name} counts on from ${from}`, async () => (await counted(name)) > from, 60_000);
}

const COUNTS = 'exec 3>>/count; i=0; while :; do i=$((i + 1)); echo $i >&3; sleep 0.5; done';

longOnce('a container of podman goes on from its checkpoint, in its network', async (t) => {
  t.timeout(600_000);
  t.teardown(() => podman('rm', '-f', '-t', '0', 'saved', 'second'));
  const ok = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await podman(...words);
    t.is(status, 0, `${words.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const wish = ['--memory', '64m', '--cap-add', 'NET_RAW'];
  await ok('run', '-d', '--name', 'saved', ...wish, image, 'sh', '-c', COUNTS);
  await countsOn('saved', 2);
  await ok('container', 'checkpoint', 'saved');
  t.regex(await ok('ps', '-a', '--filter', 'name=saved', '--format', '{{.Status}}'), /^Exited/);
  t.deepEqual(await idsIn('/run/runc'), []);
  await ok('container', 'restore', 'saved');
  const first = Number(await ok('exec', 'saved', 'sh', '-c', 'head -n 1 /count'));
  t.is(first, 1, 'its file is what it was');
  await countsOn('saved', await counted('saved'));
  const numbers = (await ok('exec', 'saved', 'cat', '/count')).split('\n').map(Number);
  t.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  const gateway = await ok('inspect', '-f', '{{.NetworkSettings.Gateway}}', 'saved');
  const pings = async () =>
    (await podman('exec', 'saved', 'ping', '-c', '1', '-W', '5', gateway)).status === 0;
  await until('it reaches the gateway', pings);

  const file = join(root, 'saved.tar');
  await ok('container', 'checkpoint', '--leave-running', '--export', file, 'saved');
  await countsOn('saved', await counted('saved'));
  await ok(
    'container',
    'restore',
    '--import',
    file,
    '--name',
    'second',
    '--ignore-static-ip',
    '--ignore-static-mac',
  );
  const then = await counted('second');
  t.true(then > 2, String(then));
  await countsOn('second', then);
  await countsOn('saved', await counted('saved'));
  await ok('rm', '-f', '-t', '0', 'saved', 'second');
});
