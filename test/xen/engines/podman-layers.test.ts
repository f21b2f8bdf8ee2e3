// SPDX-License-Identifier: Apache-2.0
// podman's containers with the root filesystem as layers in their guest, as an annotation asks. Checks their view, podman's view, and cleanup.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { idsIn, killThawdAlone, outcome } from '../../support/engines/bundle.js';
import { command, images, startThawd, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isLong } from '../../support/once.js';

const podman = (...words: string[]): Promise<Outcome> =>
  outcome(['podman', '--runtime', '/usr/bin/thaw-oci', ...words]);
const asking = (kind: string): string[] => ['--annotation', `io.thaw.rootfs=${kind}`];
const image = 'localhost/latest';
const LAYERS = '/var/lib/thaw/engine-layers';
const OWN = ['--network', 'none', '--memory', '64m'];
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

/** Loop devices of layers, and layers that belong to one container. */
const left = async (): Promise<string> =>
  (await command('losetup', ['-a'])) + (await command('ls', [LAYERS]));

longOnce('a root filesystem that is read-only: what podman sees is what it is', async (t) => {
  t.timeout(600_000);
  t.teardown(() => podman('rm', '-f', '-t', '0', 'layers'));
  const words = ['-d', '--name', 'layers', '--read-only', ...asking('erofs'), ...OWN, image];
  const started = await podman('run', ...words, 'sleep', '100000');
  t.is(started.status, 0, started.stderr);
  const script =
    'grep " / " /proc/mounts; cat /etc/hostname; hostname; touch /new; sha256sum /bin/busybox';
  const { stdout, stderr } = await podman('exec', 'layers', 'sh', '-c', script);
  t.regex(stdout, /^\S+ \/ overlay ro,/, stderr);
  t.regex(stdout, /^([0-9a-f]+)\n\1\n/m, 'podman’s file is there');
  t.regex(stderr, /\/new: Read-only file system/);
  t.is((await podman('cp', 'layers:/bin/busybox', join(root, 'busybox'))).status, 0);
  const [sum = ''] = (await command('sha256sum', [join(root, 'busybox')])).split(' ');
  t.true(sum !== '' && stdout.includes(sum));
  await writeFile(join(root, 'data'), 'carried');
  const refused = await podman('cp', join(root, 'data'), 'layers:/in');
  t.not(refused.status, 0, 'its guest would not see it');
  await killThawdAlone();
  await startThawd();
  const after = await podman('exec', 'layers', 'echo', 'goes on');
  t.is(after.stdout, 'goes on\n', after.stderr);
  t.is((await podman('rm', '-f', '-t', '0', 'layers')).status, 0);
  t.deepEqual(await idsIn(), []);
  await until('nothing is left', async () => !/engine-layers|own-/.test(await left()));
});

longOnce(
  'one that can be written to begins anew each time, and what cannot be had is said',
  async (t) => {
    t.timeout(600_000);
    t.teardown(() => podman('rm', '-f', '-t', '0', 'volatile'));
    const words = ['--name', 'volatile', ...asking('erofs-volatile'), ...OWN, image];
    const script = 'cat /kept; echo first >/kept; cat /kept; exit 3';
    const first = await podman('run', ...words, 'sh', '-c', script);
    t.deepEqual([first.status, first.stdout], [3, 'first\n'], first.stderr);
    const again = await podman('start', '-a', 'volatile');
    t.deepEqual([again.status, again.stdout], [3, 'first\n'], again.stderr);
    t.regex(again.stderr, /can't open '\/kept'/);
    const refused = await podman('run', '--rm', ...asking('erofs'), ...OWN, image, 'true');
    t.is(refused.status, 126, refused.stderr);
    t.regex(refused.stderr, /annotations\.io\.thaw\.rootfs: erofs is for .* read-only/);
    await podman('rm', '-f', '-t', '0', 'volatile');
    await until('nothing is left', async () => !/loop\d.*engine-layers|own-/.test(await left()));
  },
);
