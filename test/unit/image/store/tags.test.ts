// SPDX-License-Identifier: Apache-2.0
// Tags of images, and their effect on removing and pulling images.
import test from 'ava';
import { imageStore } from '../../../support/image/store.js';

const unused = () => false;

test('an image has more names, and goes with the last one', async (t) => {
  const { store, archive } = await imageStore(t);
  const reference = `oci-archive:${await archive('a.tar', [{ name: 'a' }])}`;
  const { id } = await store.pull(reference);
  await store.tag(reference, ['app', 'localhost:5000/app:2']);
  const [image] = await store.list();
  t.deepEqual(image?.names, ['docker.io/library/app:latest', 'localhost:5000/app:2', reference]);
  t.is((await store.resolve('app', { pullPolicy: 'never' })).id, id);
  t.deepEqual(await store.remove('app', unused), ['Untagged: docker.io/library/app:latest']);
  t.is((await store.list()).length, 1);
});

test('a name that another image has goes over', async (t) => {
  const { store, archive } = await imageStore(t);
  const [one = '', two = ''] = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const file = await archive(`${name}.tar`, [{ name, content: name }]);
      return (await store.pull(`oci-archive:${file}`)).id;
    }),
  );
  await store.tag(one, ['app:1']);
  await store.tag(two, ['app:1']);
  t.is((await store.details('app:1')).image.id, two);
  t.true((await store.list()).every(({ names }) => names.length > 0));
});

test('untag takes one name or all, and the image stays', async (t) => {
  const { store, archive } = await imageStore(t);
  const reference = `oci-archive:${await archive('a.tar', [{ name: 'a' }])}`;
  const { id } = await store.pull(reference);
  await store.tag(id, ['app:1', 'app:2']);
  t.deepEqual(await store.untag(id, ['app:1']), ['docker.io/library/app:1']);
  await t.throwsAsync(store.untag(id, ['app:1']), { code: 'ERR_IMAGE_NOT_FOUND' });
  t.is((await store.untag('app:2', [])).length, 2);
  t.deepEqual((await store.list())[0]?.names, []);
  t.deepEqual((await store.prune(() => true, false)).images, []);
  t.deepEqual((await store.prune(unused, false)).images, [id]);
});

test('what is no registry’s name with a tag is refused, and nothing is named then', async (t) => {
  const { store, archive } = await imageStore(t);
  const { id } = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  for (const name of ['oci:dir', `app@sha256:${'0'.repeat(64)}`, 'No', ''])
    await t.throwsAsync(store.tag(id, ['fine', name]), { code: 'ERR_IMAGE_REFERENCE' }, name);
  await t.throwsAsync(store.tag('none', ['fine']), { code: 'ERR_IMAGE_NOT_FOUND' });
  t.false((await store.list())[0]?.names.includes('docker.io/library/fine:latest'));
});
