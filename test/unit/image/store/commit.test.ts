// SPDX-License-Identifier: Apache-2.0
// A commit, an image plus one layer, is a complete image: with a config, a history, and blobs that can be saved.
import test from 'ava';
import { execFileSync } from 'node:child_process';
import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTar } from '../../../support/image/oci-image.js';
import { imageStore as fixture } from '../../../support/image/store.js';

const change = {
  author: 'me',
  comment: 'why',
  createdBy: 'sh -c true',
  process: (config: object) => ({ ...config, Cmd: ['new'] }),
};

async function layerIn(folder: string): Promise<string> {
  const path = join(folder, 'layer.tar');
  const entries = [
    { name: 'added', content: 'added' },
    { name: '.wh.hello', content: '' },
  ];
  await writeFile(path, await makeTar(entries));
  return path;
}

for (const format of ['oci', 'docker'])
  test(`a layer is added to an image of ${format}'s form`, async (t) => {
    const { dir, root, store, archive } = await fixture(t);
    const file = await archive('a.tar', [{ name: 'hello', content: 'hello' }]);
    const docker = join(dir, 'docker.tar');
    if (format === 'docker')
      execFileSync('skopeo', ['copy', '-q', `oci-archive:${file}`, `docker-archive:${docker}:a:1`]);
    const base = await store.pull(
      format === 'oci' ? `oci-archive:${file}` : `docker-archive:${docker}`,
    );
    const made = await store.commit(base.id, ['team/app:2'], { ...change, writeLayer: layerIn });
    t.deepEqual(made.names, ['docker.io/team/app:2']);
    t.is(made.layers.length, 2);
    t.is(made.layers[0]?.diffId, base.layers[0]?.diffId);
    t.deepEqual(made.config.cmd, ['new']);
    t.deepEqual(await readdir(join(root, 'tmp')), []);
    const saved = join(dir, 'saved');
    await store.save('team/app:2', { path: saved, format: 'oci-dir', title: 'it' });
    const raw = execFileSync('skopeo', ['inspect', '--config', '--raw', `oci:${saved}`]);
    const config = JSON.parse(raw.toString()) as { author: string; history: object[] };
    t.is(config.author, 'me');
    t.like(config.history.at(-1), { created_by: 'sh -c true', comment: 'why', author: 'me' });
    // The parent image is unchanged.
    t.is((await store.resolve(base.id)).id, base.id);
    t.deepEqual((await store.resolve(base.id)).layers, base.layers);
  });

test('without a name it is an image all the same; what fails leaves nothing', async (t) => {
  const { root, store, archive } = await fixture(t);
  const base = await store.pull(
    `oci-archive:${await archive('a.tar', [{ name: 'a', content: 'a' }])}`,
  );
  const made = await store.commit(base.id, [], { ...change, writeLayer: layerIn });
  t.deepEqual(made.names, []);
  await access(made.layers[1]?.erofsPath ?? '');
  const failing = () => Promise.reject(new Error('no layer'));
  await t.throwsAsync(store.commit(base.id, [], { ...change, writeLayer: failing }), {
    message: 'no layer',
  });
  await t.throwsAsync(store.commit(base.id, ['/bad'], { ...change, writeLayer: layerIn }), {
    code: 'ERR_IMAGE_REFERENCE',
  });
  await t.throwsAsync(store.commit('sha256:00', [], { ...change, writeLayer: layerIn }), {
    code: 'ERR_IMAGE_NOT_FOUND',
  });
  t.deepEqual(await readdir(join(root, 'tmp')), []);
});
