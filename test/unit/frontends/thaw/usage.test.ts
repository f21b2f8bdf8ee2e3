// SPDX-License-Identifier: Apache-2.0
// thaw system df reports disk usage, and the reclaimable part.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { engineWithImage } from '../../../support/image/engine.js';

test('layers of engines’ images count, and what no container has of them can go', async (t) => {
  const { dir, engineLayers, usage } = await engineWithImage(t);
  const row = async () => (await usage()).at(-1);
  t.deepEqual(await row(), {
    type: 'Engine Layers',
    total: 0,
    active: 0,
    bytes: 0,
    reclaimableBytes: 0,
  });
  const folder = join(dir, 'source');
  await mkdir(folder);
  const wanted = [{ folder, isOwn: false }];
  await engineLayers.take('one', wanted, new AbortController().signal);
  const used = await row();
  t.like(used, { total: 1, active: 1, reclaimableBytes: 0 });
  t.true((used?.bytes ?? 0) >= 4096);
  await engineLayers.release('one');
  t.like(await row(), { total: 1, active: 0, reclaimableBytes: used?.bytes });
});

test('the disk that each kind has, and what of it nothing needs', async (t) => {
  const { dir, use, usage } = await engineWithImage(t);
  const [images, containers] = await usage();
  t.like(images, { type: 'Images', total: 1, active: 0 });
  t.true((images?.bytes ?? 0) > 4096);
  t.is(images?.reclaimableBytes, images?.bytes);
  t.like(containers, { type: 'Containers', total: 0, bytes: 0 });
  const folder = join(dir, 'containers', use().id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'ctr.log'), Buffer.alloc(100_000, 7));
  await mkdir(join(dir, 'frozen/web'), { recursive: true });
  await writeFile(join(dir, 'frozen/web/stream'), Buffer.alloc(50_000, 7));
  const [used, ended, volumes, templates, frozen] = await usage();
  t.like(volumes, { type: 'Local Volumes', total: 0 });
  t.like(used, { active: 1, reclaimableBytes: 0 });
  t.true((ended?.bytes ?? 0) >= 100_000);
  t.like(ended, { total: 1, active: 0, reclaimableBytes: ended?.bytes });
  t.like(templates, { type: 'Templates', bytes: 0 });
  t.true((frozen?.bytes ?? 0) >= 50_000);
});
