// SPDX-License-Identifier: Apache-2.0
// Exported images are imported unchanged, by thaw and by skopeo, in formats that podman and docker read as well.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { SaveFormat } from '../../../../toolstack/image/index.js';
import { imageStore } from '../../../support/image/store.js';
import { digest } from '../../../support/image/oci-image.js';
import { Registry, REGISTRY_LOGIN } from '../../../support/image/registry.js';

const run = promisify(execFile);
const FORMATS: [SaveFormat, string][] = [
  ['docker-archive', 'docker-archive'],
  ['oci-archive', 'oci-archive'],
  ['oci-dir', 'oci'],
  ['docker-dir', 'dir'],
];

test('a saved image has the same id, whoever reads it', async (t) => {
  const { dir, store, archive } = await imageStore(t);
  const file = await archive('a.tar', [{ name: 'a', content: 'a' }], [{ name: 'b', content: 'b' }]);
  const { id } = await store.pull(`oci-archive:${file}`);
  await store.tag(id, ['team/app:1']);
  for (const [format, transport] of FORMATS) {
    const path = join(dir, `saved-${format}`);
    await store.save('team/app:1', { path, format, title: path });
    const config = await run('skopeo', ['inspect', '--config', '--raw', `${transport}:${path}`]);
    t.is(digest(Buffer.from(config.stdout)), id, format);
    const other = await imageStore(t);
    const [loaded] = await other.store.load(path);
    t.is(loaded?.image.id, id, format);
    t.deepEqual(loaded?.names, format === 'docker-dir' ? [] : ['docker.io/team/app:1'], format);
    t.deepEqual(
      loaded?.image.layers.map(({ diffId }) => diffId),
      (await store.list())[0]?.layers.map(({ diffId }) => diffId),
    );
  }
  t.deepEqual(
    (await readdir(dir)).filter((name) => name.includes('.thaw-')),
    [],
  );
});

test('an image of docker’s keeps its id in OCI’s formats, too', async (t) => {
  const { dir, store, archive } = await imageStore(t);
  const file = await archive('a.tar', [{ name: 'a', content: 'a' }]);
  const docker = join(dir, 'docker.tar');
  await run('skopeo', ['copy', '-q', `oci-archive:${file}`, `docker-archive:${docker}:app:1`]);
  const [loaded] = await store.load(docker);
  const id = loaded?.image.id ?? '';
  t.regex((await store.details(id)).manifestType, /docker/);
  for (const [format, transport] of FORMATS) {
    const path = join(dir, `saved-${format}`);
    await store.save('app:1', { path, format, title: path });
    const config = await run('skopeo', ['inspect', '--config', '--raw', `${transport}:${path}`]);
    t.is(digest(Buffer.from(config.stdout)), id, format);
  }
  await store.push('app:1', `oci:${dir}/pushed:x`);
  const config = await run('skopeo', ['inspect', '--config', '--raw', `oci:${dir}/pushed:x`]);
  t.is(digest(Buffer.from(config.stdout)), id);
});

test('an image saved by its id has no name in the archive', async (t) => {
  const { dir, store, archive } = await imageStore(t);
  const { id } = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  const path = join(dir, 'out.tar');
  await store.save(id, { path, format: 'docker-archive', title: path });
  const other = await imageStore(t);
  t.deepEqual((await other.store.load(path))[0]?.names, []);
});

test('a file is replaced whole or not at all, and nothing else is', async (t) => {
  const { dir, store, archive } = await imageStore(t);
  const { id } = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  const path = join(dir, 'out.tar');
  const save = (to: string, format: SaveFormat = 'docker-archive') =>
    store.save(id, { path: to, format, title: to });
  await writeFile(path, 'before');
  await save(path);
  t.not(await readFile(path, 'latin1'), 'before');
  await mkdir(join(dir, 'folder'));
  await t.throwsAsync(save(join(dir, 'folder')), { code: 'ERR_IMAGE_PUSH' });
  await t.throwsAsync(save(join(dir, 'folder'), 'oci-dir'), { code: 'ERR_IMAGE_PUSH' });
  await t.throwsAsync(save(join(dir, 'a:b')), { code: 'ERR_IMAGE_REFERENCE' });
  await t.throwsAsync(save('/no/such/folder/out.tar'), { code: 'ERR_IMAGE_PUSH' });
  await t.throwsAsync(store.save('none', { path, format: 'oci-archive', title: path }), {
    code: 'ERR_IMAGE_NOT_FOUND',
  });
});

test('a damaged blob is found when it is read', async (t) => {
  const { dir, root, store, archive } = await imageStore(t);
  const image = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  const blob = join(root, 'blobs', image.layers[0]?.digest.replace(':', '-') ?? '');
  const bytes = await readFile(blob);
  await writeFile(blob, Buffer.alloc(bytes.length, 7));
  const path = join(dir, 'out.tar');
  const save = () => store.save(image.id, { path, format: 'oci-archive', title: path });
  await t.throwsAsync(save(), { code: 'ERR_IMAGE_CORRUPT' });
  await writeFile(blob, bytes);
  const manifest = join(root, 'blobs', image.digest.replace(':', '-'));
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace('schemaVersion', 'schemaVersiom'));
  await t.throwsAsync(save(), { code: 'ERR_IMAGE_CORRUPT', message: /manifest/ });
  await writeFile(manifest, text);
  await save();
  await truncate(blob, 1);
  await t.throwsAsync(save(), { code: 'ERR_IMAGE_NOT_KEPT' });
});

test('a pushed image can be pulled by its tag and its digest', async (t) => {
  const registry = await Registry.start();
  t.teardown(() => registry.stop());
  const { store, archive } = await imageStore(t);
  const tls = { tlsVerify: false };
  const file = await archive('a.tar', [{ name: 'a', content: 'a' }]);
  const { id, digest: manifest } = await store.pull(`oci-archive:${file}`);
  const name = `${registry.address}/team/app:1`;
  const seen: string[] = [];
  await store.push(id, name, { ...tls, onProgress: ({ text }) => seen.push(text) });
  t.is(seen[0], `Pushing to ${name}`);
  await store.tag(id, [`${registry.address}/team/app:2`]);
  await store.push(`${registry.address}/team/app:2`, undefined, tls);
  for (const reference of [
    name,
    `${registry.address}/team/app:2`,
    `${registry.address}/team/app@${manifest}`,
  ]) {
    const other = await imageStore(t);
    t.is((await other.store.pull(reference, tls)).id, id, reference);
  }
  await t.throwsAsync(store.push(id, undefined, tls), { code: 'ERR_IMAGE_REFERENCE' });
  await t.throwsAsync(store.push(id, '127.0.0.1:1/app', tls), {
    code: 'ERR_IMAGE_UNREACHABLE',
    message: /registry of "127/,
  });
  await t.throwsAsync(store.push(id, 'dir:/proc/none', tls), { code: 'ERR_IMAGE_PUSH' });
});

test('a registry that asks for a login gets that of the file that is named', async (t) => {
  const registry = await Registry.start({ login: true });
  t.teardown(() => registry.stop());
  const { dir, store, archive } = await imageStore(t);
  const { id } = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  const name = `${registry.address}/team/app:1`;
  const authFile = join(dir, 'auth.json');
  const auth = Buffer.from(REGISTRY_LOGIN).toString('base64');
  await writeFile(authFile, JSON.stringify({ auths: { [registry.address]: { auth } } }));
  await t.throwsAsync(store.push(id, name, { tlsVerify: false }), {
    code: 'ERR_IMAGE_DENIED',
    message: /Cannot push .*skopeo login/,
  });
  await store.push(id, name, { tlsVerify: false, authFile });
  const other = await imageStore(t);
  await t.throwsAsync(other.store.pull(name, { tlsVerify: false }), { code: 'ERR_IMAGE_DENIED' });
  t.is((await other.store.pull(name, { tlsVerify: false, authFile })).id, id);
});

test('without its layers an image runs, and cannot be pushed or saved until it is pulled again', async (t) => {
  const { dir, root, store, archive } = await imageStore(t, { keepsBlobs: false });
  const reference = `oci-archive:${await archive('a.tar', [{ name: 'a', content: 'a' }])}`;
  const { id } = await store.pull(reference);
  t.is((await readdir(join(root, 'blobs'))).length, 2);
  const path = join(dir, 'out.tar');
  const options = { path, format: 'oci-archive', title: path } as const;
  await t.throwsAsync(store.save(id, options), {
    code: 'ERR_IMAGE_NOT_KEPT',
    message: /pull it again/,
  });
  const { store: keeping } = await imageStore(t, { root });
  await keeping.pull(reference);
  await keeping.save(id, options);
  t.is((await readdir(join(root, 'blobs'))).length, 3);
});

test('blobs go with the last image that has them', async (t) => {
  const { root, store, archive } = await imageStore(t);
  const shared = [{ name: 'shared', content: 's' }];
  const one = await store.pull(`oci-archive:${await archive('1.tar', shared)}`);
  const two = await store.pull(
    `oci-archive:${await archive('2.tar', shared, [{ name: 'x', content: 'x' }])}`,
  );
  const count = async () => (await readdir(join(root, 'blobs'))).length;
  // Two manifests, two configs, two layers.
  t.is(await count(), 6);
  const before = await store.usage(() => false);
  await store.remove(one.id, () => false);
  t.is(await count(), 4);
  const { images, bytes } = await store.prune(() => false, true);
  t.deepEqual(images, [two.id]);
  t.is(await count(), 0);
  t.true(bytes > 0 && bytes < before.bytes);
  t.is((await store.usage(() => false)).bytes, 0);
  await rm(root, { recursive: true });
});
