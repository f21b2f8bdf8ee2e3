// SPDX-License-Identifier: Apache-2.0
// An annotation selects how the root filesystem reaches its guest. Checks the folders that may be layers, on overlays that the test mounts.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FolderLayers } from '../../../../../toolstack/image/index.js';
import type { BundleConfig } from '../../../../../toolstack/frontends/oci/config/config.js';
import { layersOfRoot, rootfsKind } from '../../../../../toolstack/frontends/oci/config/rootfs.js';

const asks = (wish: string | undefined, readonly: boolean): Parameters<typeof rootfsKind>[0] =>
  ({
    annotations: wish === undefined ? {} : { 'io.thaw.rootfs': wish },
    root: { path: 'rootfs', readonly },
  }) as unknown as BundleConfig;

test('it is dom0’s unless the annotation says otherwise', (t) => {
  for (const readonly of [true, false]) {
    t.is(rootfsKind(asks(undefined, readonly)), '9pfs');
    t.is(rootfsKind(asks('9pfs', readonly)), '9pfs');
    t.is(rootfsKind(asks('erofs-volatile', readonly)), 'erofs-volatile');
  }
  t.is(rootfsKind(asks('erofs', true)), 'erofs');
  t.throws(() => rootfsKind(asks('erofs', false)), {
    code: 'ERR_OCI_CONFIG',
    message: /annotations\.io\.thaw\.rootfs: erofs is for .*erofs-volatile loses/,
  });
  t.throws(() => rootfsKind(asks('ext4', true)), {
    message: /"ext4": 9pfs, erofs, erofs-volatile are allowed/,
  });
});

interface Mounted {
  folder: string;
  root: string;
  layers: FolderLayers;
  take: () => ReturnType<typeof layersOfRoot>;
}

/** Mounts an overlay of those folders, the topmost first, at a container's root filesystem. */
function mounted(t: ExecutionContext, lower: readonly string[], upper: string[] = []): Mounted {
  const folder = mkdtempSync('/run/thaw-rootfs-');
  const [root = '', up = '', work = ''] = ['merged', 'up', 'work'].map((name) =>
    join(folder, name),
  );
  for (const name of [root, up, work]) mkdirSync(name);
  for (const name of upper) writeFileSync(join(up, name), name);
  const folders = lower.map((name) => join(folder, name));
  for (const each of folders) {
    mkdirSync(each, { recursive: true });
    writeFileSync(join(each, 'file'), each);
  }
  const options = `lowerdir=${folders.join(':')},upperdir=${up},workdir=${work}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, root]);
  t.teardown(() => {
    execFileSync('umount', [root]);
    rmSync(folder, { recursive: true });
  });
  const layers = new FolderLayers(join(folder, 'layers'), console as never);
  const signal = new AbortController().signal;
  return { folder, root, layers, take: () => layersOfRoot(layers, 'one', root, signal) };
}

const ID = 'ab'.repeat(32);

test('its layers are those of the engine’s store, the topmost last', async (t) => {
  const all = mounted(t, ['overlay2/x1-init/diff', `overlay/${ID}/diff`, 'snapshots/7/fs']);
  const { paths, bytes } = await all.take();
  t.is(new Set(paths).size, 3);
  t.true(bytes.every((size) => size > 0));
  const marks = paths.map((path) =>
    execFileSync('dump.erofs', ['--cat', '--path=/file', path], { encoding: 'utf8' }),
  );
  t.deepEqual(
    marks,
    ['snapshots/7/fs', `overlay/${ID}/diff`, 'overlay2/x1-init/diff'].map((name) =>
      join(all.folder, name),
    ),
  );
  await all.layers.release('one');
  t.is(readdirSync(all.layers.dir).length, 6, 'they stay for the next');
});

test('what was written there is a layer above them, and goes with its container', async (t) => {
  const all = mounted(t, ['snapshots/7/fs'], ['written']);
  const { paths } = await all.take();
  t.is(paths.length, 2);
  t.regex(paths[1] ?? '', /\/own-one-1\.erofs$/);
  await all.layers.release('one');
  t.false(readdirSync(all.layers.dir).some((name) => name.startsWith('own-')));
});

test('a folder that is named by a symlink is meant by what that is', async (t) => {
  const all = mounted(t, ['snapshots/7/fs']);
  const link = join(all.folder, 'link');
  symlinkSync(join(all.folder, 'snapshots/7/fs'), link);
  const [other, more] = [join(all.folder, 'other'), join(all.folder, 'snapshots/8/fs')];
  mkdirSync(other);
  mkdirSync(more, { recursive: true });
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${link}:${more}`, other]);
  t.teardown(() => execFileSync('umount', [other]));
  const signal = new AbortController().signal;
  const { paths } = await layersOfRoot(all.layers, 'two', other, signal);
  t.is(paths.length, 2);
  t.deepEqual((await all.take()).paths, [paths[1]]);
});

test('a folder that anybody may change is refused', async (t) => {
  const all = mounted(t, ['home/user/rootfs']);
  await t.throwsAsync(all.take(), {
    code: 'ERR_OCI_CONFIG',
    message: /annotations\.io\.thaw\.rootfs: .*home\/user\/rootfs is not in a store .* by 9pfs$/,
  });
});

test('a store that others may write to is refused', async (t) => {
  const all = mounted(t, ['home/snapshots/7/fs']);
  const home = join(all.folder, 'home');
  for (const change of [() => chmodSync(home, 0o777), () => chownSync(home, 1000, 1000)]) {
    change();
    await t.throwsAsync(all.take(), { message: /others than root may write to .*\/home: / });
    chmodSync(home, 0o755);
  }
});

test('a folder that nothing is mounted at is refused', async (t) => {
  const all = mounted(t, ['snapshots/7/fs']);
  const signal = new AbortController().signal;
  await t.throwsAsync(layersOfRoot(all.layers, 'one', all.folder, signal), {
    code: 'ERR_OCI_CONFIG',
    message: /nothing is mounted at/,
  });
});
