// SPDX-License-Identifier: Apache-2.0
// Details of an image that starting it does not need.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { archiveOf, imageStore } from '../../../support/image/store.js';
import { makeTar } from '../../../support/image/oci-image.js';

test('config, layers and steps are those of the image', async (t) => {
  const { dir, store } = await imageStore(t);
  const tar = await makeTar([{ name: 'a', content: 'a' }]);
  const file = await archiveOf(dir, 'a.tar', {
    layers: [{ tar }],
    config: { Cmd: ['sh'], Labels: { team: 'a' }, Odd: 1 },
    history: [
      { created: '2020-01-01T00:00:00Z', created_by: 'ADD a /' },
      { created_by: 'CMD sh', empty_layer: true, comment: 'none' },
    ],
  });
  const { id, layers } = await store.pull(`oci-archive:${file}`);
  const details = await store.details(id);
  t.deepEqual(details.config, { Cmd: ['sh'], Labels: { team: 'a' }, Odd: 1 });
  t.deepEqual(details.diffIds, [layers[0]?.diffId ?? '']);
  t.like(details.history, [
    { createdBy: 'ADD a /', isEmpty: false, size: layers[0]?.bytes },
    { createdBy: 'CMD sh', isEmpty: true, size: 0, comment: 'none' },
  ]);
});

test('of an image that an older thaw pulled is told what is known', async (t) => {
  const { root, store, archive } = await imageStore(t);
  const { id, layers } = await store.pull(`oci-archive:${await archive('a.tar', [{ name: 'a' }])}`);
  const path = join(root, 'images', `${id.slice(7)}.json`);
  const { source, ...older } = JSON.parse(await readFile(path, 'utf8')) as { source: unknown };
  t.truthy(source);
  await writeFile(path, JSON.stringify(older));
  const { store: again } = await imageStore(t, { root });
  const { image, diffIds, history } = await again.details(id);
  t.is(image.digest, '');
  t.deepEqual(diffIds, [layers[0]?.diffId ?? '']);
  t.deepEqual(history, []);
});
