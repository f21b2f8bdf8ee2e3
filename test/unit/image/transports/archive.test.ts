// SPDX-License-Identifier: Apache-2.0
// Lists the images of a saved file or folder, and the names under which they are loaded.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { savedImages } from '../../../../toolstack/image/transports/archive.js';
import { imageStore } from '../../../support/image/store.js';
import { makeTar, writeLayout } from '../../../support/image/oci-image.js';

const run = promisify(execFile);

async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-archive-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function images(dir: string, path: string) {
  return savedImages(path, { tmpDir: dir, signal: new AbortController().signal });
}

async function archiveWith(dir: string, member: string, value: unknown): Promise<string> {
  const path = join(dir, 'made.tar');
  await writeFile(path, await makeTar([{ name: member, content: JSON.stringify(value) }]));
  return path;
}

test('an archive of docker’s says all names of each image; what is no name is left out', async (t) => {
  const dir = await folder(t);
  const path = await archiveWith(dir, 'manifest.json', [
    { Config: 'a.json', RepoTags: ['app:1', 'localhost:5000/team/app:2', '../no'], Layers: [] },
    { Config: 'b.json', RepoTags: null, Layers: [] },
  ]);
  t.like(await images(dir, path), [
    {
      ref: { skopeo: `docker-archive:${path}:@0` },
      names: ['docker.io/library/app:1', 'localhost:5000/team/app:2'],
    },
    { ref: { skopeo: `docker-archive:${path}:@1` }, names: [] },
  ]);
});

test('an OCI archive’s annotations are names where they name a repository', async (t) => {
  const dir = await folder(t);
  const named = async (annotations: object) => {
    const path = await archiveWith(dir, './index.json', { manifests: [{ annotations }] });
    const [image] = await images(dir, path);
    t.is(image?.ref.skopeo, `oci-archive:${path}`);
    return image?.names;
  };
  const ref = 'org.opencontainers.image.ref.name';
  t.deepEqual(await named({ [ref]: 'docker.io/library/app:1' }), ['docker.io/library/app:1']);
  t.deepEqual(await named({ [ref]: 'latest' }), []);
  t.deepEqual(await named({ [ref]: 'latest', 'io.containerd.image.name': 'quay.io/a/b:c' }), [
    'quay.io/a/b:c',
  ]);
  t.deepEqual(await named({}), []);
});

test('folders are told apart by what is in them', async (t) => {
  const dir = await folder(t);
  await writeLayout(join(dir, 'layout'), { layers: [{ tar: await makeTar([]) }] });
  t.like(await images(dir, join(dir, 'layout')), [{ ref: { transport: 'oci' }, names: [] }]);
  await run('skopeo', ['copy', '-q', `oci:${dir}/layout`, `dir:${dir}/dir`]);
  t.like(await images(dir, join(dir, 'dir')), [{ ref: { transport: 'dir' }, names: [] }]);
  await mkdir(join(dir, 'empty'));
  await t.throwsAsync(images(dir, join(dir, 'empty')), { code: 'ERR_IMAGE_CORRUPT' });
});

test('what is no archive, or a broken one, is refused', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'text'), 'no archive at all');
  await t.throwsAsync(images(dir, join(dir, 'text')), { code: 'ERR_IMAGE_CORRUPT' });
  await t.throwsAsync(images(dir, join(dir, 'none')), { code: 'ERR_IMAGE_NOT_FOUND' });
  await t.throwsAsync(images(dir, join(dir, 'a:b')), { code: 'ERR_IMAGE_REFERENCE' });
  for (const value of [[], {}, 7, 'x'])
    await t.throwsAsync(images(dir, await archiveWith(dir, 'manifest.json', value)), {
      code: 'ERR_IMAGE_CORRUPT',
    });
  await t.throwsAsync(images(dir, await archiveWith(dir, 'index.json', { manifests: [] })), {
    code: 'ERR_IMAGE_CORRUPT',
  });
  await t.throwsAsync(images(dir, await archiveWith(dir, 'index.json', { manifests: [{}, {}] })), {
    code: 'ERR_IMAGE_UNSUPPORTED',
  });
});

test('an archive of several images is loaded whole, compressed too', async (t) => {
  const { dir, store, archive } = await imageStore(t);
  for (const name of ['one', 'two']) {
    const file = await archive(`${name}.tar`, [{ name, content: name }]);
    await run('skopeo', ['copy', '-q', `oci-archive:${file}`, `oci:${dir}/both:example/${name}:1`]);
  }
  await run('tar', ['-C', join(dir, 'both'), '-czf', join(dir, 'both.tar.gz'), '.']);
  const loaded = await store.load(join(dir, 'both.tar.gz'));
  t.deepEqual(
    loaded.map(({ names }) => names),
    [['docker.io/example/one:1'], ['docker.io/example/two:1']],
  );
});
